using Attune.Server.Inquiries;
using Attune.Server.Tests.Hosting;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using static Attune.Server.Tests.Inquiries.InquiryBench;
using InquiryStatus = Attune.V1.InquiryStatus;

namespace Attune.Server.Tests.Inquiries;

public sealed class InquiryListTests
{
    [Fact]
    public async Task Pages_are_newest_first_and_hold_each_once()
    {
        await using var bench = await InquiryBench.StartAsync();
        var ids = await bench.AskAsync(await bench.StartWorkflowAsync(), 25, index => Question($"Question {index}?"));

        var seen = new List<long>();
        var token = "";
        do
        {
            var page = await bench.AsAdmin.ListInquiriesAsync(new() { PageSize = 10, PageToken = token });
            Assert.True(page.Inquiries.Count <= 10);
            seen.AddRange(page.Inquiries.Select(each => each.Id));
            token = page.NextPageToken;
        }
        while (token is not "");

        Assert.Equal(ids.Reverse(), seen);
        (await Refused.OfAsync(bench.AsAdmin.ListInquiriesAsync(new() { PageToken = "?" }))).Is(StatusCode.InvalidArgument, "PAGE_TOKEN_INVALID");
        (await Refused.OfAsync(bench.AsAdmin.ListInquiriesAsync(new() { PageSize = 1001 }))).Is(StatusCode.InvalidArgument, "PAGE_SIZE_INVALID");
    }

    [Fact]
    public async Task A_page_of_long_questions_ends_before_it_is_too_large_for_its_message()
    {
        await using var bench = await InquiryBench.StartAsync();
        await bench.AskAsync(await bench.StartWorkflowAsync(), 300, _ => Question(new string('?', 20_000)));

        var page = await bench.AsAdmin.ListInquiriesAsync(new() { PageSize = 1000 });

        Assert.InRange(page.Inquiries.Count, 100, 299);
        Assert.NotEqual("", page.NextPageToken);
        Assert.All(page.Inquiries, each => Assert.Equal(StoreInquiries.PromptLengthMax, each.Prompt.Length));
        var rest = await bench.AsAdmin.ListInquiriesAsync(new() { PageSize = 1000, PageToken = page.NextPageToken });
        Assert.Equal((300, ""), (page.Inquiries.Count + rest.Inquiries.Count, rest.NextPageToken));
    }

    [Fact]
    public async Task Each_filter_selects()
    {
        await using var bench = await InquiryBench.StartAsync();
        var (one, other) = (await bench.StartWorkflowAsync(), await bench.StartWorkflowAsync(action: "edge.rollout"));
        var answered = await bench.AskAsync(workflow: one);
        await bench.AsAdmin.RespondInquiryAsync(Answer(answered));
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        var pending = await bench.AskAsync(workflow: one);
        var elsewhere = await bench.AskAsync(Question(identities: ["ada"]), other);
        var late = Timestamp.FromDateTimeOffset(bench.Now.AddSeconds(-30));

        Assert.Equal([elsewhere, pending, answered], await ListAsync(bench, new()));
        Assert.Equal([answered], await ListAsync(bench, new() { Statuses = { InquiryStatus.Responded } }));
        Assert.Equal([elsewhere, pending], await ListAsync(bench, new() { Statuses = { InquiryStatus.Pending, InquiryStatus.Timeout } }));
        Assert.Equal([pending], await ListAsync(bench, new() { Answerable = true }));
        Assert.Equal([pending, answered], await ListAsync(bench, new() { WorkflowExecutionId = one }));
        Assert.Equal([elsewhere], await ListAsync(bench, new() { ActionRef = "edge.rollout" }));
        Assert.Equal([pending, answered], await ListAsync(bench, new() { PackRef = "shop" }));
        Assert.Equal([elsewhere, pending], await ListAsync(bench, new() { CreatedAfter = late }));
        Assert.Equal([answered], await ListAsync(bench, new() { CreatedBefore = late }));
    }

    [Fact]
    public async Task Many_are_stored_by_one_statement_in_order_and_whatever_a_template_gave_is_stored_too()
    {
        await using var bench = await InquiryBench.StartAsync();

        var ids = await bench.AskAsync(
            await bench.StartWorkflowAsync(), 2000,
            index => Question($"Question {index}\0\ud800?", identities: ["a\0", "A\0", "b"], quorum: 2, timeout: 60, reminder: 10));

        Assert.Equal(2000, ids.Count);
        var last = await bench.ShowAsync(ids[^1]);
        Assert.Equal("Question 1999\uFFFD\uFFFD?", last.Prompt);
        Assert.Equal(["a\uFFFD", "b"], last.AssigneeLogins);
        Assert.Equal((2, 10L, 60d), (last.Quorum, last.ReminderInterval.Seconds, (last.TimeoutAt - last.Created).ToTimeSpan().TotalSeconds));
    }

    [Fact]
    public async Task Whoever_carries_out_a_workflow_withdraws_its_questions_and_ends_the_executions_itself()
    {
        await using var bench = await InquiryBench.StartAsync();
        var ids = await bench.AskAsync(await bench.StartWorkflowAsync(), 3, _ => Question());
        await bench.AsAdmin.RespondInquiryAsync(Answer(ids[0]));
        var executions = new long[3];
        for (var index = 0; index < 3; index++)
            executions[index] = (await bench.ShowAsync(ids[index])).ExecutionId;

        await using (var connection = await bench.Server.Database.Db.OpenConnectionAsync(Waiting.SoonEnough))
            await bench.Server.Get<StoreInquiries>().CancelAsync(connection, executions, bench.Now, Waiting.SoonEnough);

        Assert.Equal(InquiryStatus.Responded, (await bench.ShowAsync(ids[0])).Status);
        foreach (var id in ids.Skip(1))
        {
            Assert.Equal(InquiryStatus.Cancelled, (await bench.ShowAsync(id)).Status);
            Assert.StartsWith("running", await bench.OutcomeAsync(id), StringComparison.Ordinal);
            (await Refused.OfAsync(bench.AsAdmin.RespondInquiryAsync(Answer(id)))).Is(StatusCode.FailedPrecondition, "INQUIRY_FINISHED");
        }
    }

    static async Task<IEnumerable<long>> ListAsync(InquiryBench bench, ListInquiriesRequest request)
        => (await bench.AsAdmin.ListInquiriesAsync(request)).Inquiries.Select(each => each.Id);
}
