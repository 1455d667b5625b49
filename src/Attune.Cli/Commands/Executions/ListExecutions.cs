using System.CommandLine;
using Attune.Cli.Following;
using Attune.Cli.Output;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Executions;

static class ListExecutions
{
    static readonly Option<string[]> statuses = Statuses();
    static readonly Option<string?> action = new("--action") { Description = "Only of this action", HelpName = "REF" };
    static readonly Option<string?> pack = new("--pack") { Description = "Only of this pack's actions", HelpName = "REF" };
    static readonly Option<string?> worker = new("--worker") { Description = "Only what ran on this agent", HelpName = "NAME" };
    static readonly Option<string?> by = new("--by") { Description = "Only what this user started", HelpName = "LOGIN" };
    static readonly Option<string?> rule = new("--rule") { Description = "Only what this rule started", HelpName = "REF" };
    static readonly Option<long?> eventId = new("--event") { Description = "Only what this event started", HelpName = "ID" };
    static readonly Option<string?> since = new("--since") { Description = "Created after: 1h, 7d, 2026-01-31", HelpName = "WHEN" };
    static readonly Option<string?> until = new("--until") { Description = "Created before: 1h, 7d, 2026-01-31", HelpName = "WHEN" };
    static readonly Option<bool> full = new("--full") { Description = "With parameters, results and errors (for -o json and yaml)" };

    public static Command Command()
        => new Command("list", "Executions, newest first")
            .With(statuses, action, pack, worker, by, rule, eventId, since, until, full).With(Paging.Options)
            .Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var filter = new ListExecutionsRequest
        {
            ActionRef = run.Get(action) ?? "",
            PackRef = run.Get(pack) ?? "",
            WorkerName = run.Get(worker) ?? "",
            ExecutorLogin = run.Get(by) ?? "",
            RuleRef = run.Get(rule) ?? "",
            EventId = run.Get(eventId) ?? 0,
            CreatedAfter = Spans.Since(run.Get(since), "--since", run.Clock),
            CreatedBefore = Spans.Since(run.Get(until), "--until", run.Clock),
            Full = run.Get(full),
        };
        filter.Statuses.Add((run.Get(statuses) ?? []).Select(name => Enum.Parse<ExecutionStatus>(name, ignoreCase: true)));
        var executions = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Executions.ListExecutionsAsync(
                    new(filter) { PageSize = size, PageToken = token }, cancellationToken: ct);
                return (page.Executions, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            executions,
            "No executions.",
            new("ID", each => each.Id),
            new("ACTION", each => each.ActionRef),
            new("STATUS", each => Texts.Status(each.Status)),
            new("WORKER", each => each.WorkerName),
            new("BY", each => each.ExecutorLogin),
            new("CREATED", each => Texts.Ago(each.Created, run.Clock)),
            new("TOOK", each => Outcomes.Length(each, run.Clock) is { } length ? Texts.Length(length) : ""));
    }

    static Option<string[]> Statuses()
    {
        var option = new Option<string[]>("--status")
        {
            Description = "Only in this state; may repeat",
            HelpName = "STATUS",
        };
        return option.AcceptOnlyFromAmong(
            StringComparer.OrdinalIgnoreCase,
            [.. Enum.GetValues<ExecutionStatus>().Where(each => each is not ExecutionStatus.Unspecified).Select(Texts.Word)]);
    }
}
