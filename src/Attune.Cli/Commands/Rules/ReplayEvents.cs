using System.CommandLine;
using Attune.Cli.Commands.Events;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Rules;

static class ReplayEvents
{
    const int EventsPerCall = 1000;

    // A replay of a replay would double what happened with every call.
    static readonly EventOrigin[] happened = [EventOrigin.Api, EventOrigin.Sensor, EventOrigin.Webhook, EventOrigin.Timer, EventOrigin.System];

    static readonly Argument<string> rule = RuleArguments.Ref();
    static readonly Option<string[]> ids = new("--event") { Description = "This event; may repeat", HelpName = "ID", AllowMultipleArgumentsPerToken = true };
    static readonly Option<int?> last = new("--last") { Description = "The last events of its trigger", HelpName = "N" };
    static readonly Option<string?> since = new("--since") { Description = "The events of its trigger since: 1h, 7d, 2026-01-31", HelpName = "WHEN" };

    public static Command Command()
        => new Command("replay", "Fire events again for one rule, on purpose: each becomes a new event, marked as a replay")
            .With(rule, ids, last, since, Confirmation.Yes)
            .Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var given = (run.Get(ids) ?? []).Select(EventText.ParseId).Distinct().ToList();
        var found = (given.Count, run.Get(last), run.Get(since)) switch
        {
            ( > 0, null, null) => given,
            (0, null, null) => throw new CommandFailure("Which events?", "Name them with --event ID, --last N or --since WHEN."),
            (0, _, _) => await FindAsync(run, ct),
            _ => throw new CommandFailure("--event goes without --last and --since."),
        };
        if (found.Count is 0)
        {
            run.Answer.List(Array.Empty<ReplayedEvent>(), "No such events.");
            return;
        }

        if (given.Count is 0)
            run.Prompt.Confirm($"Fire {Count(found.Count)} again for {run.Get(rule)}?", run.Get(Confirmation.Yes));

        var replayed = new List<ReplayedEvent>();
        foreach (var some in found.Chunk(EventsPerCall))
        {
            var answer = await run.Client.Rules.ReplayEventsAsync(
                new() { RuleRef = run.Get(rule), EventIds = { some } }, cancellationToken: ct);
            replayed.AddRange(answer.Events);
        }

        run.Answer.List(
            replayed,
            "",
            new("EVENT", each => each.EventId),
            new("REPLAY OF", each => each.ReplayOf),
            new("EXECUTION", each => each.ExecutionId is 0 ? "none: attune event show " + each.EventId : each.ExecutionId));
    }

    // Oldest first: again in the order in which they happened.
    static async Task<List<long>> FindAsync(Invocation run, CancellationToken ct)
    {
        var trigger = (await run.Client.Rules.GetRuleAsync(new() { Ref = run.Get(rule) }, cancellationToken: ct)).Rule.TriggerRef;
        var filter = new ListEventsRequest
        {
            TriggerRef = trigger,
            CreatedAfter = Spans.Since(run.Get(since), "--since", run.Clock),
            Origins = { happened },
        };
        var wanted = run.Get(last) ?? int.MaxValue;
        if (wanted < 1)
            throw new CommandFailure($"--last: {wanted} is not at least 1.");

        var found = new List<long>();
        do
        {
            var page = await run.Client.Events.ListEventsAsync(
                new(filter) { PageSize = Math.Min(EventsPerCall, wanted - found.Count) }, cancellationToken: ct);
            // A timer's fire was meant for one rule; for another it did not happen.
            found.AddRange(page.Events.Where(each => each.RuleRef is "" || each.RuleRef == run.Get(rule)).Select(each => each.Id));
            filter.PageToken = page.NextPageToken;
        }
        while (filter.PageToken is not "" && found.Count < wanted);
        found.Reverse();
        return found;
    }

    static string Count(int events) => events is 1 ? "1 event" : $"{events} events";
}
