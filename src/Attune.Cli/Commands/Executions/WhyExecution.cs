using System.CommandLine;
using Attune.Cli.Output;

namespace Attune.Cli.Commands.Executions;

static class WhyExecution
{
    static readonly Argument<string> id = ExecutionIds.One();

    public static Command Command() => new Command("why", "Why an execution is where it is").With(id).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Executions.ExplainExecutionAsync(
            new() { ExecutionId = ExecutionIds.Parse(run.Get(id)) }, cancellationToken: ct);
        if (!run.Answer.IsTable)
        {
            run.Answer.Document(WireJson.Of(answer));
            return;
        }

        run.Terminal.Out.WriteLine(new Cell(answer.Summary).Printable);
        foreach (var reason in answer.Reasons)
        {
            var about = reason.WorkerName is "" ? "" : $"{reason.WorkerName}: ";
            run.Terminal.Out.WriteLine($"  {new Cell(about + reason.Sentence).Printable}");
        }
    }
}
