using System.CommandLine;
using Attune.Cli.Completion;
using Attune.V1;

namespace Attune.Cli.Commands.Executions;

static class RerunExecution
{
    static readonly Argument<string> id = ExecutionIds.One();
    static readonly Suggested<string[]> words = new("k=v", Suggestions.RerunParametersAsync)
    {
        Description = "Parameters that differ this time",
        Arity = ArgumentArity.ZeroOrMore,
    };
    static readonly Option<bool> follow = new("--follow", "-f") { Description = "Stream the log and end with the outcome" };

    public static Command Command()
        => new Command("rerun", "Run the same again, with the same parameters or some others").With(id, words, follow).Does(RunAsync);

    static async Task<int> RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new RerunExecutionRequest { ExecutionId = ExecutionIds.Parse(run.Get(id)) };
        if (run.Get(words) is { Length: > 0 } given)
        {
            var before = await run.Client.Executions.GetExecutionAsync(new() { ExecutionId = request.ExecutionId }, cancellationToken: ct);
            request.Parameters = (await GivenParameters.ReadAsync(run, before.Execution.ActionRef, null, given, ct)).Set.Values;
        }

        var answer = await run.Client.Executions.RerunExecutionAsync(request, cancellationToken: ct);
        return await Started.ReportAsync(run, answer.Execution, run.Get(follow), ct);
    }
}
