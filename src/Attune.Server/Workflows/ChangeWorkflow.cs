using Attune.Engine.Schemas;
using Attune.Engine.Workflows;
using Attune.Server.Hosting;
using Wire = Attune.V1;

namespace Attune.Server.Workflows;

/// <summary>What all changes of a run have in common: the run is found, the change is carried out, and where it stands then is told.</summary>
sealed class ChangeWorkflow(GetWorkflowExecution runs, OperateWorkflow operate)
{
    public Task<Result<FoundRun>> FindAsync(Caller caller, long id, string action, CancellationToken ct)
        => runs.FindAsync(caller, id, action, ct);

    public async Task<Result<Wire.WorkflowExecution>> RunAsync(Caller caller, WorkflowOperation operation, CancellationToken ct)
    {
        if (!(await operate.RunAsync(caller, operation, ct)).IsOk(out _, out var refusal))
            return refusal;
        return (await runs.FindAsync(caller, operation.ExecutionId, "read", ct)).IsOk(out var after, out var failure)
            ? await TellAsync(after, ct)
            : failure;
    }

    public Task<Wire.WorkflowExecution> TellAsync(FoundRun found, CancellationToken ct) => runs.TellAsync(found, ct);

    /// <summary>Null where a run may be gone on with from one of its tasks.</summary>
    public static Failure? RefuseReopening(FoundRun found)
    {
        var execution = found.Execution;
        if (execution is not { IsFinal: true, TaskName: { } task, Parent: { } parent })
            return null;

        // Its end is taken already, and what followed from it has begun.
        return new(
            FailureKind.Refused, "PARENT_FINISHED",
            $"Execution {execution.Id} is task {task} of workflow {parent}, which has gone on from its end. Change that task of that workflow instead.");
    }

    public static Failure TaskNotFound(Workflow workflow, string field, IEnumerable<string> names)
    {
        var known = workflow.Tasks.Select(task => task.Name).ToList();
        var violations = names
            .Select(name => new Violation(field, $"There is no task '{name}' in it.{NearestName.Suggest(name, known)}"))
            .ToList();
        return Failure.Invalid("TASK_NOT_FOUND", violations) with { Kind = FailureKind.NotFound };
    }
}
