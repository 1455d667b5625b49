using System.CommandLine;

namespace Attune.Cli.Commands.Rules;

static class DisableRule
{
    static readonly Argument<string> rule = RuleArguments.Ref();

    public static Command Command()
        => new Command("disable", "Record what a rule would have met, and start nothing").With(rule).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var answer = await run.Client.Rules.DisableRuleAsync(new() { Ref = run.Get(rule) }, cancellationToken: ct);
        run.Answer.Done(answer.Rule, $"{answer.Rule.Ref} is disabled. Undo: attune rule enable {answer.Rule.Ref}");
    }
}
