using Attune.Server.Tests.Hosting;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;
using static Attune.Server.Tests.Inquiries.InquiryBench;

namespace Attune.Server.Tests.Inquiries;

/// <summary>What an answer does, and which are refused.</summary>
public sealed class AnswerTests
{
    [Fact]
    public async Task An_answer_completes_the_task_and_its_workflow_is_told()
    {
        await using var bench = await InquiryBench.StartAsync();
        var workflow = await bench.StartWorkflowAsync();
        var id = await bench.AskAsync(workflow: workflow);

        var answered = (await bench.AsAdmin.RespondInquiryAsync(Answer(id, """{"approved": true, "note": "go"}"""))).Inquiry;

        Assert.Equal((InquiryStatus.Responded, workflow, "shop.deploy", "approve"), (answered.Status, answered.WorkflowExecutionId, answered.ActionRef, answered.TaskName));
        Assert.Equal(bench.Now, answered.FinishedAt.ToDateTimeOffset());
        var kept = Assert.Single(answered.Answers);
        Assert.Equal(("admin", true, """{ "note": "go", "approved": true }"""), (kept.Login, kept.Counted, kept.Response.ToString()));
        Assert.Equal(
            """completed {"note": "go", "answers": [{"at": "2025-06-01T12:00:00.000000Z", "login": "admin", "response": {"note": "go", "approved": true}}], "approved": true}""",
            await bench.OutcomeAsync(id));
        Assert.Equal(1, await bench.ToldAsync());
        Assert.Equal("""{"note": "go", "approved": true}""", await bench.ReadAsync<string>($"select response::text from inquiry where id = {id}"));
    }

    [Fact]
    public async Task Every_mistake_of_a_response_is_listed_and_nothing_is_kept()
    {
        await using var bench = await InquiryBench.StartAsync();
        var id = await bench.AskAsync();

        var refused = await Refused.OfAsync(bench.AsAdmin.RespondInquiryAsync(Answer(id, """{"note": "much too long", "aproved": true}""")));

        refused.Is(StatusCode.InvalidArgument, "RESPONSE_INVALID");
        Assert.Equal(
            ["response.approved", "response.aproved", "response.note"],
            refused.Detail().FieldViolations.Select(each => each.Field).Order(StringComparer.Ordinal));
        Assert.Empty((await bench.ShowAsync(id)).Answers);
        Assert.StartsWith("running", await bench.OutcomeAsync(id), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"text": "\u0000"}""")]
    [InlineData("""{"$secret": "v1:abc"}""")]
    public async Task A_response_without_a_schema_must_still_be_storable(string response)
    {
        await using var bench = await InquiryBench.StartAsync();
        var id = await bench.AskAsync(Question(schema: null));

        (await Refused.OfAsync(bench.AsAdmin.RespondInquiryAsync(Answer(id, response)))).Is(StatusCode.InvalidArgument, "RESPONSE_INVALID");
        await bench.AsAdmin.RespondInquiryAsync(Answer(id, """{"anything": [1, {"goes": null}]}"""));

        Assert.StartsWith("""completed {"answers": [""", await bench.OutcomeAsync(id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_response_has_64_KiB_at_most()
    {
        await using var bench = await InquiryBench.StartAsync();
        var id = await bench.AskAsync(Question(schema: null));

        (await Refused.OfAsync(bench.AsAdmin.RespondInquiryAsync(Answer(id, $$"""{"text": "{{new string('x', 70_000)}}"}"""))))
            .Is(StatusCode.InvalidArgument, "RESPONSE_INVALID");
    }

    [Fact]
    public async Task Defaults_of_the_schema_are_part_of_the_answer()
    {
        await using var bench = await InquiryBench.StartAsync();
        var id = await bench.AskAsync(Question(schema: """{"approved": {"type": "boolean", "default": true}}"""));

        var answered = (await bench.AsAdmin.RespondInquiryAsync(Answer(id, "{}"))).Inquiry;

        Assert.Equal("""{ "approved": true }""", answered.Answers[0].Response.ToString());
    }

    [Fact]
    public async Task A_quorum_is_reached_by_distinct_people_and_the_first_of_them_gives_the_result()
    {
        await using var bench = await InquiryBench.StartAsync();
        var (ada, bob) = (await bench.AsNewAsync("ada"), await bench.AsNewAsync("bob"));
        var id = await bench.AskAsync(Question(quorum: 2));

        var first = (await ada.RespondInquiryAsync(Answer(id, """{"approved": true, "note": "first"}"""))).Inquiry;
        Assert.Equal((InquiryStatus.Pending, false), (first.Status, first.Answerable));
        Assert.Contains("waits for other people", first.NotAnswerableBecause, StringComparison.Ordinal);
        (await Refused.OfAsync(ada.RespondInquiryAsync(Answer(id)))).Is(StatusCode.FailedPrecondition, "ALREADY_ANSWERED");
        Assert.StartsWith("running", await bench.OutcomeAsync(id), StringComparison.Ordinal);
        await bob.RespondInquiryAsync(Answer(id, """{"approved": false}"""));

        Assert.Equal(
            "ada:true bob:false",
            await bench.ReadAsync<string>(
                $"""
                select string_agg((a ->> 'login') || ':' || (a -> 'response' ->> 'approved'), ' ')
                from inquiry i join execution e on e.id = i.execution, jsonb_array_elements(e.result -> 'answers') a
                where i.id = {id}
                """));
        Assert.Equal(
            "true first",
            await bench.ReadAsync<string>($"select concat_ws(' ', result ->> 'approved', result ->> 'note') from execution e join inquiry i on i.execution = e.id where i.id = {id}"));
        Assert.Equal(2, (await bench.ShowAsync(id)).Answers.Count(each => each.Counted));
    }

    [Fact]
    public async Task Who_comes_too_late_is_told_so_and_the_answer_is_kept_and_counts_for_nothing()
    {
        await using var bench = await InquiryBench.StartAsync();
        var (ada, bob) = (await bench.AsNewAsync("ada"), await bench.AsNewAsync("bob"));
        var id = await bench.AskAsync();
        await ada.RespondInquiryAsync(Answer(id));

        var late = await Refused.OfAsync(bob.RespondInquiryAsync(Answer(id, """{"approved": false}""")));

        late.Is(StatusCode.FailedPrecondition, "INQUIRY_FINISHED");
        var answers = (await bench.ShowAsync(id)).Answers;
        Assert.Equal([("ada", true), ("bob", false)], answers.Select(each => (each.Login, each.Counted)));
        Assert.Contains("\"approved\": true}", await bench.OutcomeAsync(id), StringComparison.Ordinal);
        Assert.Equal(1, await bench.ToldAsync());
    }

    [Fact]
    public async Task Of_one_person_who_answers_again_and_again_ten_late_answers_are_kept()
    {
        await using var bench = await InquiryBench.StartAsync();
        var id = await bench.AskAsync();
        await bench.AsAdmin.RespondInquiryAsync(Answer(id));

        for (var again = 0; again < 12; again++)
            (await Refused.OfAsync(bench.AsAdmin.RespondInquiryAsync(Answer(id)))).Is(StatusCode.FailedPrecondition, "INQUIRY_FINISHED");

        Assert.Equal(10, (await bench.ShowAsync(id)).Answers.Count(each => !each.Counted));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Of_many_who_answer_at_once_as_many_as_the_quorum_count_and_all_are_kept(int quorum)
    {
        await using var bench = await InquiryBench.StartAsync();
        var replica = await bench.AddReplicaAsync();
        const int People = 24;
        var clients = new List<InquiryService.InquiryServiceClient>();
        for (var each = 0; each < People; each++)
        {
            var here = await bench.AsNewAsync($"person{each}");
            clients.Add(each % 2 == 0 ? here : new(replica.With(await replica.TokenForAsync($"person{each}", Waiting.SoonEnough))));
        }

        var id = await bench.AskAsync(Question(quorum: quorum));

        var outcomes = await Task.WhenAll(clients.Select(async (client, index) =>
        {
            try
            {
                await client.RespondInquiryAsync(Answer(id, $$"""{"approved": true, "note": "{{index}}"}"""));
                return "taken";
            }
            catch (RpcException refused)
            {
                return refused.Detail().Reason;
            }
        }));

        Assert.Equal(quorum, outcomes.Count(each => each is "taken"));
        Assert.Equal(People - quorum, outcomes.Count(each => each is "INQUIRY_FINISHED"));
        var answers = (await bench.ShowAsync(id)).Answers;
        Assert.Equal((People, quorum), (answers.Count, answers.Count(each => each.Counted)));
        Assert.All(answers.Take(quorum), each => Assert.True(each.Counted));
        Assert.Equal(
            answers[0].Response.Fields["note"].StringValue,
            await bench.ReadAsync<string>($"select result ->> 'note' from execution e join inquiry i on i.execution = e.id where i.id = {id}"));
        Assert.Equal(1, await bench.ToldAsync());
    }

    [Fact]
    public async Task The_same_person_at_once_from_many_places_counts_once()
    {
        await using var bench = await InquiryBench.StartAsync();
        var id = await bench.AskAsync(Question(quorum: 2));

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(async _ =>
        {
            try
            {
                await bench.AsAdmin.RespondInquiryAsync(Answer(id));
                return "taken";
            }
            catch (RpcException refused)
            {
                return refused.Detail().Reason;
            }
        }));

        Assert.Single(outcomes, each => each is "taken");
        Assert.Equal(11, outcomes.Count(each => each is "ALREADY_ANSWERED"));
        Assert.Single((await bench.ShowAsync(id)).Answers);
    }

    [Fact]
    public async Task The_same_request_again_gets_the_first_answer()
    {
        await using var bench = await InquiryBench.StartAsync();
        var id = await bench.AskAsync();
        var request = Answer(id);
        request.RequestId = "r-1";

        var first = await bench.AsAdmin.RespondInquiryAsync(request);
        var again = await bench.AsAdmin.RespondInquiryAsync(request);

        Assert.Equal(first, again);
        Assert.Single((await bench.ShowAsync(id)).Answers);
    }

    [Fact]
    public async Task A_withdrawn_question_ends_its_task_as_cancelled()
    {
        await using var bench = await InquiryBench.StartAsync();
        var id = await bench.AskAsync();

        var cancelled = (await bench.AsAdmin.CancelInquiryAsync(new() { InquiryId = id, Reason = "not needed" })).Inquiry;

        Assert.Equal(InquiryStatus.Cancelled, cancelled.Status);
        Assert.NotNull(cancelled.FinishedAt);
        Assert.Equal("""cancelled {"reason": "CANCELLED", "message": "Withdrawn by admin: not needed"}""", await bench.OutcomeAsync(id));
        Assert.Equal(1, await bench.ToldAsync());
        (await Refused.OfAsync(bench.AsAdmin.RespondInquiryAsync(Answer(id)))).Is(StatusCode.FailedPrecondition, "INQUIRY_FINISHED");
        (await Refused.OfAsync(bench.AsAdmin.CancelInquiryAsync(new() { InquiryId = id }))).Is(StatusCode.FailedPrecondition, "INQUIRY_FINISHED");
    }

    [Fact]
    public async Task An_answer_and_a_withdrawal_at_once_have_one_winner_each_time()
    {
        await using var bench = await InquiryBench.StartAsync();
        var ids = await bench.AskAsync(await bench.StartWorkflowAsync(), 30, _ => Question());

        await Task.WhenAll(ids.SelectMany(id => new[]
        {
            QuietlyAsync(bench.AsAdmin.RespondInquiryAsync(Answer(id)).ResponseAsync),
            QuietlyAsync(bench.AsAdmin.CancelInquiryAsync(new() { InquiryId = id }).ResponseAsync),
        }));

        Assert.Equal(30, await bench.ToldAsync());
        Assert.Equal(
            0,
            await bench.ReadAsync<long>(
                """
                select count(*) from inquiry i join execution e on e.id = i.execution
                where (i.status, e.status) not in (('responded', 'completed'), ('cancelled', 'cancelled'))
                """));
    }

    static async Task QuietlyAsync(Task call)
    {
        try
        {
            await call;
        }
        catch (RpcException refused) when (refused.StatusCode is StatusCode.FailedPrecondition)
        {
        }
    }
}
