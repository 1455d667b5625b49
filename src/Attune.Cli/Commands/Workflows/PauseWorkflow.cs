using System.CommandLine;

namespace Attune.Cli.Commands.Workflows;

static class PauseWorkflow
{
    static readonly Argument<string> id = WorkflowArguments.Execution();
    static readonly Option<string?> reason = WorkflowArguments.Reason();

    public static Command Command()
        => new Command("pause", "Start no further task; what runs goes on and its result is kept").With(id, reason).Does(RunAsync);

    static async Task<int> RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Workflows.PauseWorkflowAsync(
            new() { ExecutionId = WorkflowArguments.ParseId(run.Get(id)), Reason = run.Get(reason) ?? "" }, cancellationToken: ct);
        return answer.WorkflowExecution is { Paused: true } paused
            ? WorkflowArguments.Done(run, paused, "Nothing further is started.")
            : WorkflowArguments.NothingDone(run, answer.WorkflowExecution, "It could not be paused.");
    }
}
