using System.CommandLine;

namespace Attune.Cli.Commands.Workflows;

static class PauseWorkflow
{
    static readonly Argument<string> id = WorkflowArguments.Execution();
    static readonly Option<string?> reason = WorkflowArguments.Reason();

    public static Command Command()
        => new Command("pause", "Start no further task; what runs goes on and its result is kept").With(id, reason).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Workflows.PauseWorkflowAsync(
            new() { ExecutionId = WorkflowArguments.ParseId(run.Get(id)), Reason = run.Get(reason) ?? "" }, cancellationToken: ct);
        var workflow = answer.WorkflowExecution;
        run.Answer.Done(workflow, $"Execution {workflow.Execution.Id} is paused. Go on: attune workflow resume {workflow.Execution.Id}");
    }
}
