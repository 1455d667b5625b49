using System.CommandLine;
using Attune.V1;

namespace Attune.Cli.Commands.Rules;

static class CreateRule
{
    static readonly Argument<string?> reference = new("REF")
    {
        Description = "Its ref; its first part is the pack. May be in the file",
        Arity = ArgumentArity.ZeroOrOne,
    };
    static readonly Option<bool> disabled = new("--disabled") { Description = "Make it, and do not let it apply yet" };

    public static Command Command()
        => new Command("create", "Make a rule, from a file or from options")
            .With(reference, disabled).With(GivenRule.Options)
            .Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var given = await GivenRule.ReadAsync(run, run.Get<string?>(reference), present: null, ct);
        var request = new CreateRuleRequest { Rule = given.ToWire() };
        var missing = new List<string>();
        if (request.Rule.Ref is "")
            missing.Add("its ref (REF)");
        if (request.Rule.TriggerRef is "")
            missing.Add("what it waits for (--trigger REF)");
        if (request.Rule.ActionRef is "")
            missing.Add("what it runs (--action REF)");
        if (missing.Count > 0)
            throw new CommandFailure($"A rule needs {string.Join(", ", missing)}.", "Or all of it in a file: `attune rule create -f FILE`.");

        request.Enabled = !run.Get(disabled) && (given.Enabled ?? true);
        var made = (await run.Client.Rules.CreateRuleAsync(request, cancellationToken: ct)).Rule;
        run.Answer.Done(made, $"Created {made.Ref}. Try it on what happened: attune rule test {made.Ref} --last 10");
        foreach (var problem in run.Answer.IsTable ? made.Problems : [])
            run.Answer.Note($"  {problem}");
    }
}
