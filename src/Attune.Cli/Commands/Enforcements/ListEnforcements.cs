using System.CommandLine;
using Attune.Cli.Commands.Events;
using Attune.Cli.Output;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Enforcements;

static class ListEnforcements
{
    static readonly Option<string?> rule = new("--rule") { Description = "Only of this rule", HelpName = "REF" };
    static readonly Option<string?> trigger = new("--trigger") { Description = "Only of events of this trigger", HelpName = "REF" };
    static readonly Option<string?> eventId = new("--event") { Description = "Only of this event", HelpName = "ID" };
    static readonly Option<string[]> statuses = Statuses();
    static readonly Option<bool> failed = new("--failed") { Description = "Only those that could start nothing" };
    static readonly Option<string?> since = new("--since") { Description = "Created after: 1h, 7d, 2026-01-31", HelpName = "WHEN" };
    static readonly Option<string?> until = new("--until") { Description = "Created before: 1h, 7d, 2026-01-31", HelpName = "WHEN" };

    public static Command Command()
        => new Command("list", "Which rule applied to which event, newest first")
            .With(rule, trigger, eventId, statuses, failed, since, until).With(Paging.Options)
            .Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var filter = new ListEnforcementsRequest
        {
            RuleRef = run.Get(rule) ?? "",
            TriggerRef = run.Get(trigger) ?? "",
            EventId = run.Get(eventId) is { } id ? EventText.ParseId(id) : 0,
            Failed = run.Get(failed),
            CreatedAfter = Spans.Since(run.Get(since), "--since", run.Clock),
            CreatedBefore = Spans.Since(run.Get(until), "--until", run.Clock),
        };
        filter.Statuses.Add((run.Get(statuses) ?? []).Select(name => Enum.Parse<EnforcementStatus>(name, ignoreCase: true)));
        var enforcements = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Events.ListEnforcementsAsync(
                    new(filter) { PageSize = size, PageToken = token }, cancellationToken: ct);
                return (page.Enforcements, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            enforcements,
            "No enforcements.",
            new("ID", each => each.Id),
            new("RULE", each => each.RuleRef),
            new("EVENT", each => each.EventId),
            new("OUTCOME", EventText.Outcome),
            new("EXECUTION", each => each.ExecutionId is 0 ? "" : each.ExecutionId),
            new("ACTION", each => each.ActionRef),
            new("CREATED", each => Texts.Ago(each.Created, run.Clock)));
    }

    static Option<string[]> Statuses()
    {
        var option = new Option<string[]>("--status") { Description = "Only in this state; may repeat", HelpName = "STATUS" };
        return option.AcceptOnlyFromAmong(
            StringComparer.OrdinalIgnoreCase,
            [.. Enum.GetValues<EnforcementStatus>().Where(each => each is not EnforcementStatus.Unspecified).Select(Texts.Word)]);
    }
}
