using Attune.Server.Hosting;
using Wire = Attune.V1;

namespace Attune.Server.Workflows;

/// <summary>Runs tasks of an ended run again, in the same execution.</summary>
sealed class RerunTasks(ChangeWorkflow change)
{
    public async Task<Result<Wire.WorkflowExecution>> RunAsync(
        Caller caller, long id, IReadOnlyList<string> tasks, string reason, CancellationToken ct)
    {
        if (!(await change.FindAsync(caller, id, "edit", ct)).IsOk(out var found, out var failure))
            return failure;
        if (tasks.Count == 0)
            return Failure.Invalid("TASK_NOT_FOUND", "task_names", "is empty. Name at least one task.");
        if (tasks.Where(name => found.Run.Graph.Find(name) is null).Distinct().ToList() is { Count: > 0 } unknown)
            return ChangeWorkflow.TaskNotFound(found.Run.Graph, "task_names", unknown);
        if (ChangeWorkflow.RefuseReopening(found) is { } refusal)
            return refusal;

        var operation = new WorkflowOperation
        {
            ExecutionId = id,
            Kind = OperationKind.Rerun,
            Tasks = [.. tasks.Distinct()],
            Reason = reason,
        };
        return await change.RunAsync(caller, operation, ct);
    }
}
