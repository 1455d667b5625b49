using System.CommandLine;

namespace Attune.Cli.Commands.Workflows;

static class ResumeWorkflow
{
    static readonly Argument<string> id = WorkflowArguments.Execution();

    public static Command Command() => new Command("resume", "Go on where it was paused").With(id).Does(RunAsync);

    static async Task<int> RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Workflows.ResumeWorkflowAsync(
            new() { ExecutionId = WorkflowArguments.ParseId(run.Get(id)) }, cancellationToken: ct);
        return answer.WorkflowExecution is { Paused: false } resumed
            ? WorkflowArguments.Done(run, resumed, "It goes on.")
            : WorkflowArguments.NothingDone(run, answer.WorkflowExecution, "It does not go on.");
    }
}
