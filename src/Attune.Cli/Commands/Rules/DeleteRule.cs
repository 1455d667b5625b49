using System.CommandLine;

namespace Attune.Cli.Commands.Rules;

static class DeleteRule
{
    static readonly Argument<string> rule = RuleArguments.Ref();

    public static Command Command()
        => new Command("delete", "Delete a rule that was made by hand; what it did stays recorded").With(rule, Confirmation.Yes).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        run.Prompt.Confirm($"Delete rule {run.Get(rule)}?", run.Get(Confirmation.Yes));
        var answer = await run.Client.Rules.DeleteRuleAsync(new() { Ref = run.Get(rule) }, cancellationToken: ct);
        run.Answer.Done(answer, $"Deleted {run.Get(rule)}.");
    }
}
