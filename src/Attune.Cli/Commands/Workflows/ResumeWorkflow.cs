using System.CommandLine;

namespace Attune.Cli.Commands.Workflows;

static class ResumeWorkflow
{
    static readonly Argument<string> id = WorkflowArguments.Execution();

    public static Command Command() => new Command("resume", "Go on where it was paused").With(id).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Workflows.ResumeWorkflowAsync(
            new() { ExecutionId = WorkflowArguments.ParseId(run.Get(id)) }, cancellationToken: ct);
        WorkflowArguments.Done(run, answer.WorkflowExecution, $"Execution {answer.WorkflowExecution.Execution.Id} goes on.");
    }
}
