using Attune.Server.Hosting;
using Wire = Attune.V1;

namespace Attune.Server.Workflows;

/// <summary>Starts no further task of a run until it is resumed.</summary>
sealed class PauseWorkflow(ChangeWorkflow change)
{
    public async Task<Result<Wire.WorkflowExecution>> RunAsync(Caller caller, long id, string reason, CancellationToken ct)
    {
        if (!(await change.FindAsync(caller, id, "pause", ct)).IsOk(out var found, out var failure))
            return failure;

        // Nothing happens, so nothing goes on record either.
        return found is { Run.IsPaused: true, Execution.IsFinal: false }
            ? await change.TellAsync(found, ct)
            : await change.RunAsync(caller, new() { ExecutionId = id, Kind = OperationKind.Pause, Reason = reason }, ct);
    }
}
