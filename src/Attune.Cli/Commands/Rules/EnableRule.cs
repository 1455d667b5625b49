using System.CommandLine;

namespace Attune.Cli.Commands.Rules;

static class EnableRule
{
    static readonly Argument<string> rule = RuleArguments.Ref();

    public static Command Command() => new Command("enable", "Let a rule apply again").With(rule).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Rules.EnableRuleAsync(new() { Ref = run.Get(rule) }, cancellationToken: ct);
        run.Answer.Done(answer.Rule, $"{answer.Rule.Ref} is enabled.");
    }
}
