using System.CommandLine;
using Attune.Cli.Output;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Inquiries;

static class ListInquiries
{
    static readonly Option<string[]> statuses = Statuses();
    static readonly Option<bool> mine = new("--mine") { Description = "Only those that you may answer now" };
    static readonly Option<long?> workflow = new("--workflow") { Description = "Only of this run of a workflow", HelpName = "EXECUTION" };
    static readonly Option<string?> action = new("--action") { Description = "Only of this workflow", HelpName = "REF" };
    static readonly Option<string?> pack = new("--pack") { Description = "Only of this pack's workflows", HelpName = "REF" };
    static readonly Option<string?> since = new("--since") { Description = "Created after: 1h, 7d, 2026-01-31", HelpName = "WHEN" };
    static readonly Option<string?> until = new("--until") { Description = "Created before: 1h, 7d, 2026-01-31", HelpName = "WHEN" };

    public static Command Command()
        => new Command("list", "Inquiries, newest first")
            .With(statuses, mine, workflow, action, pack, since, until).With(Paging.Options)
            .Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var filter = new ListInquiriesRequest
        {
            Answerable = run.Get(mine),
            WorkflowExecutionId = run.Get(workflow) ?? 0,
            ActionRef = run.Get(action) ?? "",
            PackRef = run.Get(pack) ?? "",
            CreatedAfter = Spans.Since(run.Get(since), "--since", run.Clock),
            CreatedBefore = Spans.Since(run.Get(until), "--until", run.Clock),
        };
        filter.Statuses.Add((run.Get(statuses) ?? []).Select(name => Enum.Parse<InquiryStatus>(name, ignoreCase: true)));
        var inquiries = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Inquiries.ListInquiriesAsync(
                    new(filter) { PageSize = size, PageToken = token }, cancellationToken: ct);
                return (page.Inquiries, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            inquiries,
            run.Get(mine) ? "Nothing waits for your answer." : "No inquiries.",
            new("ID", each => each.Id),
            new("WORKFLOW", each => each.ActionRef),
            new("TASK", each => each.TaskName),
            new("STATUS", each => InquiryText.Status(each.Status)),
            new("QUESTION", each => Short(each.Prompt)),
            new("FOR", each => InquiryText.Assignees(each)),
            new("CREATED", each => Texts.Ago(each.Created, run.Clock)),
            new("TIMES OUT", each => each.Status is InquiryStatus.Pending ? Texts.Ago(each.TimeoutAt, run.Clock) : ""));
    }

    static string Short(string prompt)
    {
        const int Max = 60;
        var line = prompt.ReplaceLineEndings(" ");
        return line.Length <= Max ? line : $"{line[..(Max - 1)]}…";
    }

    static Option<string[]> Statuses()
    {
        var option = new Option<string[]>("--status") { Description = "Only in this state; may repeat", HelpName = "STATUS" };
        return option.AcceptOnlyFromAmong(
            StringComparer.OrdinalIgnoreCase,
            [.. Enum.GetValues<InquiryStatus>().Where(each => each is not InquiryStatus.Unspecified).Select(Texts.Word)]);
    }
}
