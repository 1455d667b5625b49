using System.CommandLine;
using Attune.V1;

namespace Attune.Cli.Commands.Rules;

static class UpdateRule
{
    static readonly Argument<string> reference = RuleArguments.Ref();

    public static Command Command()
        => new Command("update", "Change what is named, from a file or from options; the rest stays")
            .With(reference).With(GivenRule.Options)
            .Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var present = (await run.Client.Rules.GetRuleAsync(new() { Ref = run.Get(reference) }, cancellationToken: ct)).Rule;
        var given = await GivenRule.ReadAsync(run, run.Get(reference), present, ct);
        var request = new UpdateRuleRequest { Rule = given.ToWire(), UpdateMask = new() };
        request.UpdateMask.Paths.Add(given.Mask());
        if (request.UpdateMask.Paths.Count is 0)
            throw new CommandFailure("Nothing is named to change.", "Add an option such as --when or --param, or -f FILE.");

        request.Rule.Updated = present.Updated;
        var rule = (await run.Client.Rules.UpdateRuleAsync(request, cancellationToken: ct)).Rule;
        run.Answer.Done(rule, $"Updated {rule.Ref}.");
        foreach (var problem in run.Answer.IsTable ? rule.Problems : [])
            run.Answer.Note($"  {problem}");
    }
}
