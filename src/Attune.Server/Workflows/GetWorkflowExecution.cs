using Attune.Server.Executions;
using Attune.Server.Hosting;
using Wire = Attune.V1;

namespace Attune.Server.Workflows;

/// <summary>A run of a workflow with its execution.</summary>
sealed record FoundRun(Execution Execution, ShownRun Run);

/// <summary>Finds a run for whoever reads or changes it, and tells where it stands.</summary>
sealed class GetWorkflowExecution(ExecutionStore executions, ShownRunStore runs)
{
    public async Task<Result<Wire.GetWorkflowExecutionResponse>> RunAsync(
        Caller caller, long id, Wire.DrawingFormat drawing, CancellationToken ct)
    {
        if (!(await FindAsync(caller, id, "read", ct)).IsOk(out var found, out var failure))
            return failure;

        return new Wire.GetWorkflowExecutionResponse
        {
            WorkflowExecution = await TellAsync(found, ct),
            Drawing = WorkflowMapping.Draw(found.Run.Graph, found.Run.Standing, drawing),
        };
    }

    /// <summary>EXECUTION_NOT_FOUND, NOT_A_WORKFLOW. Throws PERMISSION_DENIED where it may be read and no more.</summary>
    public async Task<Result<FoundRun>> FindAsync(Caller caller, long id, string action, CancellationToken ct)
    {
        var execution = await executions.FindAsync(id, ct);
        if (execution is null || !caller.May("executions", "read", execution.PackRef))
            return ExecutionStore.NotFound([id]);
        caller.Demand("executions", action, execution.PackRef);
        if (!execution.IsWorkflow || await runs.FindAsync([id], ct) is not [var run])
        {
            return new Failure(
                FailureKind.Refused, "NOT_A_WORKFLOW", $"Execution {id} of {execution.ActionRef} is no workflow."
                    + (execution.TaskName is { } task ? $" It is task {task} of workflow {execution.Parent}." : ""));
        }

        return new FoundRun(execution, run);
    }

    public async Task<Wire.WorkflowExecution> TellAsync(FoundRun found, CancellationToken ct)
        => RunAnswer.Fit(found.Run.ToWire(found.Execution, await runs.ListEditsAsync(found.Run.Id, ct)));
}
