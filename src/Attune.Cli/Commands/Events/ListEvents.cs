using System.CommandLine;
using Attune.Cli.Output;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Events;

static class ListEvents
{
    static readonly Option<string?> trigger = new("--trigger") { Description = "Only of this trigger", HelpName = "REF" };
    static readonly Option<string?> source = new("--source") { Description = "Only from this sensor or user", HelpName = "REF" };
    static readonly Option<string?> rule = new("--rule") { Description = "Only those meant for this rule: fires of its timer, replays", HelpName = "REF" };
    static readonly Option<string[]> origins = Origins();
    static readonly Option<string?> since = new("--since") { Description = "Created after: 1h, 7d, 2026-01-31", HelpName = "WHEN" };
    static readonly Option<string?> until = new("--until") { Description = "Created before: 1h, 7d, 2026-01-31", HelpName = "WHEN" };
    static readonly Option<bool> full = new("--full") { Description = "With payloads (for -o json and yaml)" };

    public static Command Command()
        => new Command("list", "Events, newest first")
            .With(trigger, source, rule, origins, since, until, full).With(Paging.Options)
            .Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var filter = new ListEventsRequest
        {
            TriggerRef = run.Get(trigger) ?? "",
            SourceRef = run.Get(source) ?? "",
            RuleRef = run.Get(rule) ?? "",
            CreatedAfter = Spans.Since(run.Get(since), "--since", run.Clock),
            CreatedBefore = Spans.Since(run.Get(until), "--until", run.Clock),
            Full = run.Get(full),
        };
        filter.Origins.Add((run.Get(origins) ?? []).Select(name => Enum.Parse<EventOrigin>(name, ignoreCase: true)));
        var events = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Events.ListEventsAsync(new(filter) { PageSize = size, PageToken = token }, cancellationToken: ct);
                return (page.Events, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            events,
            "No events.",
            new("ID", each => each.Id),
            new("TRIGGER", each => each.TriggerRef),
            new("ORIGIN", each => EventText.Of(each.Origin)),
            new("SOURCE", each => each.SourceRef),
            new("RULE", each => each.RuleRef),
            new("CREATED", each => Texts.Ago(each.Created, run.Clock)));
    }

    static Option<string[]> Origins()
    {
        var option = new Option<string[]>("--origin") { Description = "Only from there; may repeat", HelpName = "ORIGIN" };
        return option.AcceptOnlyFromAmong(
            StringComparer.OrdinalIgnoreCase,
            [.. Enum.GetValues<EventOrigin>().Where(each => each is not EventOrigin.Unspecified).Select(Texts.Word)]);
    }
}
