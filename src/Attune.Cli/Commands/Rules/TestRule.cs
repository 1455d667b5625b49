using System.CommandLine;
using Attune.Cli.Commands.Events;
using Attune.Cli.Completion;
using Attune.Cli.Output;
using Attune.Cli.Parameters;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands.Rules;

static class TestRule
{
    const int LastDefault = 10;

    static readonly Suggested<string?> rule = new("REF", Suggestions.RuleRefsAsync)
    {
        Description = "Ref of the rule; or -f FILE for one that is not saved yet",
        Arity = ArgumentArity.ZeroOrOne,
    };
    static readonly Option<string?> payload = new("--payload") { Description = "What an event might carry: JSON, @FILE, or - for stdin", HelpName = "JSON" };
    static readonly Option<string?> eventId = new("--event") { Description = "One event that happened", HelpName = "ID" };
    static readonly Option<int?> last = new("--last") { Description = $"The last events of its trigger (default {LastDefault})", HelpName = "N" };

    public static Command Command()
        => new Command("test", "What a rule would make of a payload or of events that happened; starts nothing")
            .With(rule, GivenRule.File, payload, eventId, last)
            .Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new TestRuleRequest();
        if (run.Get(GivenRule.File) is not null)
            request.Rule = (await GivenRule.ReadAsync(run, run.Get<string?>(rule), present: null, ct)).ToWire();
        else
            request.RuleRef = run.Get<string?>(rule) ?? throw new CommandFailure("Which rule?", "Name its REF, or give it with -f FILE.");

        switch (run.Get(payload), run.Get(eventId), run.Get(last))
        {
            case ({ } text, null, null):
                request.Payload = ParameterFile.ReadInline(text, "--payload");
                break;
            case (null, { } id, null):
                request.EventId = EventText.ParseId(id);
                break;
            case (null, null, var count):
                request.Last = count ?? LastDefault;
                break;
            default:
                throw new CommandFailure("--payload, --event and --last: one of them at a time.");
        }

        var answer = await run.Client.Rules.TestRuleAsync(request, cancellationToken: ct);
        if (!run.Answer.IsTable)
        {
            run.Answer.Document(WireJson.OfMany(answer.Trials));
            return;
        }

        foreach (var trial in answer.Trials)
            Write(run.Terminal, trial);
        if (answer.Trials.Count is 0)
            run.Answer.Note("No event of its trigger has happened yet. Try a payload: --payload '{…}'");
        else if (answer.Trials.Count > 1)
            run.Answer.Note($"{answer.Trials.Count(each => each.Matched)} of {answer.Trials.Count} events match. Nothing was started.");
    }

    static void Write(Terminal terminal, RuleTrial trial)
    {
        var what = trial.EventId is 0 ? "The payload" : $"Event {trial.EventId}";
        if (!trial.Matched)
        {
            terminal.Out.WriteLine($"{what} {Tone.Dim.Paint("does not match", terminal.ColourOut)}{(trial.Why is "" ? "" : $": {Line(trial.Why)}")}");
        }
        else
        {
            var outcome = trial.Problems.Count == 0 ? $": {trial.ActionRef} would get" : $", but {trial.ActionRef} would not be started";
            terminal.Out.WriteLine($"{what} {Tone.Good.Paint("matches", terminal.ColourOut)}{outcome}");
            foreach (var line in trial.Parameters is { } parameters ? WireJson.Of(parameters).Split('\n') : [])
                terminal.Out.WriteLine($"  {Line(line)}");
            if (trial.Why is not "")
                terminal.Out.WriteLine($"  {Line(trial.Why)}");
        }

        foreach (var problem in trial.Problems)
            terminal.Out.WriteLine($"  {Tone.Bad.Paint(Line(problem), terminal.ColourOut)}");
    }

    static string Line(string text) => new Cell(text).Printable;
}
