using System.CommandLine;
using Attune.Cli.Following;
using Attune.Cli.Output;

namespace Attune.Cli.Commands.Executions;

static class CancelExecution
{
    static readonly Argument<string> id = ExecutionIds.One();
    static readonly Option<string?> reason = new("--reason") { Description = "Kept with the execution", HelpName = "TEXT" };

    public static Command Command() => new Command("cancel", "Stop an execution").With(id, reason).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Executions.CancelExecutionAsync(
            new() { ExecutionId = ExecutionIds.Parse(run.Get(id)), Reason = run.Get(reason) ?? "" }, cancellationToken: ct);
        var execution = answer.Execution;
        run.Answer.Done(execution, execution.Status.IsFinal()
            ? $"Execution {execution.Id} is {Texts.Word(execution.Status)}."
            : $"Execution {execution.Id} is being cancelled; its agent stops it now. See it end: attune execution watch {execution.Id}");
    }
}
