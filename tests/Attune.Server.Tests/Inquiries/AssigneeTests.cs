using Attune.Server.Tests.Hosting;
using Attune.V1;
using Grpc.Core;
using static Attune.Server.Tests.Inquiries.InquiryBench;

namespace Attune.Server.Tests.Inquiries;

/// <summary>Who may answer, who may not, and what they are told.</summary>
public sealed class AssigneeTests
{
    [Fact]
    public async Task Only_who_is_named_may_answer_and_an_admin_may_not()
    {
        await using var bench = await InquiryBench.StartAsync();
        var (ada, bob) = (await bench.AsNewAsync("ada"), await bench.AsNewAsync("bob"));
        var id = await bench.AskAsync(Question(identities: ["Ada"]));

        foreach (var other in new[] { bench.AsAdmin, bob })
            (await Refused.OfAsync(other.RespondInquiryAsync(Answer(id)))).Is(StatusCode.PermissionDenied, "NOT_ASSIGNED");
        var shown = await bench.ShowAsync(id);
        Assert.Equal((false, "This question is for Ada."), (shown.Answerable, shown.NotAnswerableBecause));
        Assert.Equal("ada", await bench.ReadAsync<string>($"select who.login from inquiry i join identity who on who.id = i.assigned_to where i.id = {id}"));

        Assert.True((await ada.GetInquiryAsync(new() { InquiryId = id })).Inquiry.Answerable);
        Assert.Equal(InquiryStatus.Responded, (await ada.RespondInquiryAsync(Answer(id))).Inquiry.Status);
    }

    [Fact]
    public async Task Whoever_holds_an_assigned_permission_set_when_they_answer_may()
    {
        await using var bench = await InquiryBench.StartAsync();
        await bench.AsNewAsync("ada");
        var bob = await bench.AsNewAsync("bob");
        var id = await bench.AskAsync(Question(identities: ["nobody.yet"], sets: ["test.ada"]));

        (await Refused.OfAsync(bob.RespondInquiryAsync(Answer(id)))).Is(StatusCode.PermissionDenied, "NOT_ASSIGNED");
        await bench.ExecuteAsync("insert into permission_assignment (identity, permset) select i.id, s.id from identity i, permission_set s where i.login = 'bob' and s.ref = 'test.ada'");
        await bob.RespondInquiryAsync(Answer(id));

        Assert.Equal(["bob"], (await bench.ShowAsync(id)).Answers.Select(each => each.Login));
        Assert.Equal("This question is for nobody.yet, and holders of test.ada.", NotFor(await Refused.OfAsync(bench.AsAdmin.RespondInquiryAsync(Answer(id)))));
    }

    [Fact]
    public async Task Without_assignees_whoever_has_the_permission_in_its_pack_may()
    {
        await using var bench = await InquiryBench.StartAsync();
        var elsewhere = await bench.AsNewAsync("elsewhere", """[{"resource": "inquiries", "actions": ["*"], "packs": ["edge"]}]""");
        var reader = await bench.AsNewAsync("reader", """[{"resource": "inquiries", "actions": ["read"]}, {"resource": "inquiries", "actions": ["respond", "cancel"], "packs": ["edge"]}]""");
        var viewer = await bench.AsNewAsync("viewer", """[{"resource": "inquiries", "actions": ["read"]}]""");
        var id = await bench.AskAsync();

        (await Refused.OfAsync(elsewhere.GetInquiryAsync(new() { InquiryId = id }))).Is(StatusCode.NotFound, "INQUIRY_NOT_FOUND");
        (await Refused.OfAsync(elsewhere.RespondInquiryAsync(Answer(id)))).Is(StatusCode.NotFound, "INQUIRY_NOT_FOUND");
        (await Refused.OfAsync(elsewhere.CancelInquiryAsync(new() { InquiryId = id }))).Is(StatusCode.NotFound, "INQUIRY_NOT_FOUND");
        Assert.Empty((await elsewhere.ListInquiriesAsync(new())).Inquiries);
        (await Refused.OfAsync(reader.RespondInquiryAsync(Answer(id)))).Is(StatusCode.PermissionDenied, "PERMISSION_DENIED");
        (await Refused.OfAsync(reader.CancelInquiryAsync(new() { InquiryId = id }))).Is(StatusCode.PermissionDenied, "PERMISSION_DENIED");
        (await Refused.OfAsync(viewer.RespondInquiryAsync(Answer(id)))).Is(StatusCode.PermissionDenied, "PERMISSION_DENIED");
        Assert.Empty((await reader.ListInquiriesAsync(new() { Answerable = true })).Inquiries);
        Assert.Single((await reader.ListInquiriesAsync(new())).Inquiries);
        (await Refused.OfAsync(bench.AsAdmin.GetInquiryAsync(new() { InquiryId = id + 1 }))).Is(StatusCode.NotFound, "INQUIRY_NOT_FOUND");
    }

    [Theory]
    [InlineData("the workflow")]
    [InlineData("a workflow above it")]
    [InlineData("the event that started it")]
    public async Task Whoever_started_it_may_not_answer_where_it_says_so(string started)
    {
        await using var bench = await InquiryBench.StartAsync();
        var bob = await bench.AsNewAsync("bob");
        var admin = "(select id from identity where login = 'admin')";
        var workflow = started switch
        {
            "the workflow" => await bench.StartWorkflowAsync(admin),
            "a workflow above it" => await bench.StartWorkflowAsync(
                parent: (await bench.StartWorkflowAsync(parent: (await bench.StartWorkflowAsync(admin)).ToString())).ToString()),
            _ => await bench.StartWorkflowAsync(enforcement: (await bench.ReadAsync<long>(
                """
                with happened as (insert into event (trigger_ref, origin, source_ref) values ('shop.push', 'api', 'Admin') returning id)
                insert into enforcement (rule_ref, trigger_ref, event, payload) select 'shop.on_push', 'shop.push', id, '{}' from happened returning id
                """)).ToString()),
        };
        var strict = await bench.AskAsync(Question(noSelfAnswer: true), workflow);
        var lax = await bench.AskAsync(Question(), workflow);

        (await Refused.OfAsync(bench.AsAdmin.RespondInquiryAsync(Answer(strict)))).Is(StatusCode.PermissionDenied, "SELF_ANSWER");
        Assert.False((await bench.ShowAsync(strict)).Answerable);
        Assert.Equal([lax], (await bench.AsAdmin.ListInquiriesAsync(new() { Answerable = true })).Inquiries.Select(each => each.Id));
        await bench.AsAdmin.RespondInquiryAsync(Answer(lax));
        await bob.RespondInquiryAsync(Answer(strict));

        Assert.Equal(InquiryStatus.Responded, (await bench.ShowAsync(strict)).Status);
    }

    [Fact]
    public async Task No_execution_answers_neither_of_the_same_workflow_nor_another_whatever_its_token_may()
    {
        await using var bench = await InquiryBench.StartAsync();
        var workflow = await bench.StartWorkflowAsync();
        var id = await bench.AskAsync(workflow: workflow);
        var sibling = await bench.ReadAsync<long>(
            $"insert into execution (action_ref, parent, status) values ('shop.build', {workflow}, 'running') returning id");
        var stranger = await bench.ReadAsync<long>("insert into execution (action_ref, status) values ('edge.other', 'running') returning id");

        foreach (var execution in new[] { workflow, sibling, stranger })
        {
            var client = bench.AsExecution(execution);
            (await Refused.OfAsync(client.RespondInquiryAsync(Answer(id)))).Is(StatusCode.PermissionDenied, "SELF_ANSWER");
            Assert.False((await client.GetInquiryAsync(new() { InquiryId = id })).Inquiry.Answerable);
            Assert.Empty((await client.ListInquiriesAsync(new() { Answerable = true })).Inquiries);
        }

        Assert.Empty((await bench.ShowAsync(id)).Answers);
    }

    [Fact]
    public async Task Deleting_a_person_keeps_what_they_answered()
    {
        await using var bench = await InquiryBench.StartAsync();
        var ada = await bench.AsNewAsync("ada");
        var id = await bench.AskAsync(Question(identities: ["ada"]));
        await ada.RespondInquiryAsync(Answer(id));

        await bench.ExecuteAsync("delete from identity where login = 'ada'");

        var shown = await bench.ShowAsync(id);
        Assert.Equal(("ada", "ada"), (Assert.Single(shown.AssigneeLogins), Assert.Single(shown.Answers).Login));
    }

    static string NotFor(RpcException refused) => refused.Status.Detail;
}
