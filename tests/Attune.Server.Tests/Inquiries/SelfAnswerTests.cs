using Attune.Server.Identities;
using Attune.Server.Tests.Hosting;
using Attune.Server.Tests.Packs;
using Attune.Server.Tests.Workflows;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using static Attune.Server.Tests.Inquiries.InquiryBench;

namespace Attune.Server.Tests.Inquiries;

/// <summary>Ways around `no_self_answer`: by way of executions, and by deciding a question without answering it.</summary>
public sealed class SelfAnswerTests
{
    const string Admin = "(select id from identity where login = 'admin')";

    static CancellationToken Soon => Waiting.SoonEnough;

    [Theory]
    [InlineData("api", 1)]
    [InlineData("replay", 1)]
    [InlineData("api", 3)]
    public async Task Whoever_started_the_execution_that_emitted_the_event_may_not_answer(string origin, int hops)
    {
        await using var bench = await InquiryBench.StartAsync();
        var bob = await bench.AsNewAsync("bob");
        var workflow = await bench.StartWorkflowAsync(Admin);
        for (var hop = 0; hop < hops; hop++)
        {
            var task = await bench.ReadAsync<long>(
                $"insert into execution (action_ref, parent, status) values ('shop.build', {workflow}, 'running') returning id");
            workflow = await bench.StartWorkflowAsync(enforcement: await EnforcementAsync(bench, origin, $"execution:{task}"));
        }

        var id = await bench.AskAsync(Question(noSelfAnswer: true), workflow);

        (await Refused.OfAsync(bench.AsAdmin.RespondInquiryAsync(Answer(id)))).Is(StatusCode.PermissionDenied, "SELF_ANSWER");
        Assert.Empty((await bench.AsAdmin.ListInquiriesAsync(new() { Answerable = true })).Inquiries);
        Assert.Equal(InquiryStatus.Responded, (await bob.RespondInquiryAsync(Answer(id))).Inquiry.Status);
    }

    [Theory]
    [InlineData("by hand")]
    [InlineData("by an event")]
    [InlineData("by an event of an execution")]
    [InlineData("by a timer")]
    public async Task What_an_executions_process_starts_is_started_by_whoever_is_behind_it(string started)
    {
        await using var bench = await InquiryBench.StartAsync();
        var first = await bench.StartWorkflowAsync(Admin);
        var execution = started switch
        {
            "by hand" => first,
            "by an event" => await bench.StartWorkflowAsync(enforcement: await EnforcementAsync(bench, "api", "admin")),
            "by an event of an execution" => await bench.StartWorkflowAsync(enforcement: await EnforcementAsync(bench, "api", $"execution:{first}")),
            _ => await bench.StartWorkflowAsync(enforcement: await EnforcementAsync(bench, "timer", "core.clock")),
        };
        var asIt = new ExecutionService.ExecutionServiceClient(
            bench.Server.With(bench.Server.Get<TokenService>().ForExecution(execution, ["core.admin"], TimeSpan.FromHours(1))));

        var told = (await asIt.StartExecutionAsync(new() { ActionRef = "core.echo", Parameters = Json("""{"message": "x"}""") })).Execution;

        Assert.Equal(started is "by a timer" ? "" : "admin", told.ExecutorLogin);
        Assert.Equal(told.ExecutorLogin, (await asIt.GetExecutionAsync(new() { ExecutionId = told.Id })).Execution.ExecutorLogin);
        Assert.Equal(told.ExecutorLogin, (await asIt.RerunExecutionAsync(new() { ExecutionId = told.Id })).Execution.ExecutorLogin);
    }

    [Fact]
    public async Task An_execution_does_not_withdraw_a_question_either()
    {
        await using var bench = await InquiryBench.StartAsync();
        var id = await bench.AskAsync();
        var question = (await bench.ShowAsync(id)).ExecutionId;
        var other = await bench.ReadAsync<long>("insert into execution (action_ref, status) values ('edge.other', 'running') returning id");
        var token = bench.Server.With(bench.Server.Get<TokenService>().ForExecution(other, ["core.admin"], TimeSpan.FromHours(1)));

        (await Refused.OfAsync(bench.AsExecution(other).CancelInquiryAsync(new() { InquiryId = id }))).Is(StatusCode.PermissionDenied, "SELF_ANSWER");
        (await Refused.OfAsync(new ExecutionService.ExecutionServiceClient(token).CancelExecutionAsync(new() { ExecutionId = question })))
            .Is(StatusCode.PermissionDenied, "SELF_ANSWER");

        Assert.Equal(InquiryStatus.Pending, (await bench.ShowAsync(id)).Status);
        Assert.Equal(InquiryStatus.Cancelled, (await bench.AsAdmin.CancelInquiryAsync(new() { InquiryId = id })).Inquiry.Status);
    }

    [Fact]
    public async Task Who_may_answer_and_not_read_is_told_how_it_stands_and_what_they_answered_themselves()
    {
        await using var bench = await InquiryBench.StartAsync();
        var ada = await bench.AsNewAsync("ada", """[{"resource": "inquiries", "actions": ["respond", "cancel"]}]""");
        var id = await bench.AskAsync(Question(quorum: 3));
        await bench.AsAdmin.RespondInquiryAsync(Answer(id, """{"approved": false, "note": "secret"}"""));

        var answered = (await ada.RespondInquiryAsync(Answer(id))).Inquiry;
        var cancelled = (await ada.CancelInquiryAsync(new() { InquiryId = id })).Inquiry;

        Assert.Equal(["ada"], answered.Answers.Select(each => each.Login));
        Assert.Equal((id, InquiryStatus.Pending, "", 0L), (answered.Id, answered.Status, answered.Prompt, answered.ExecutionId));
        Assert.Null(answered.ResponseSchema);
        Assert.Equal((InquiryStatus.Cancelled, "", 0), (cancelled.Status, cancelled.Prompt, cancelled.Answers.Count));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_result_of_a_question_is_set_neither_by_an_execution_nor_by_whoever_must_not_answer_it(bool noSelfAnswer)
    {
        await using var bench = await PackBench.StartAsync();
        var strict = noSelfAnswer ? ", no_self_answer: true" : "";
        await bench.InstallAsync(bench.Archive(
            "shop", "1.0.0", [],
            ("actions/ask.yaml", "ref: shop.ask\nlabel: Ask\nworkflow_file: workflows/ask.workflow.yaml\n"),
            ("actions/workflows/ask.workflow.yaml", $"tasks:\n  approve:\n    inquiry: {{prompt: Go on?{strict}}}\n")));
        var executions = bench.Server.Executions;
        var id = (await executions.StartExecutionAsync(new() { ActionRef = "shop.ask" })).Execution.Id;
        var inquiries = new InquiryService.InquiryServiceClient(bench.Server.Admin);
        var asked = await Waiting.ForAsync(
            async () => (await inquiries.ListInquiriesAsync(new() { WorkflowExecutionId = id })).Inquiries, all => all.Count == 1, "the question", Soon);
        await inquiries.CancelInquiryAsync(new() { InquiryId = asked[0].Id });
        await Waiting.UntilAsync(
            async () => (await executions.GetExecutionAsync(new() { ExecutionId = id })).Execution.Status is ExecutionStatus.Failed or ExecutionStatus.Cancelled,
            "the end", Soon);
        var edit = new EditTaskRequest { ExecutionId = id, TaskName = "approve", Result = Value.Parser.ParseJson("""{"approved": true}""") };
        var other = await bench.ReadAsync<long>("insert into execution (action_ref, status) values ('shop.other', 'running') returning id");
        var token = Headers(((TokenService)bench.Server.Services.GetService(typeof(TokenService))!).ForExecution(other, ["test.admin"], TimeSpan.FromHours(1)));
        var bob = await bench.LoginWithAsync("""[{"resource": "*", "actions": ["*"]}]""");
        var workflows = new WorkflowService.WorkflowServiceClient(bench.Server.Anonymous);

        Assert.Equal("SELF_ANSWER", (await ShopBench.RefusedAsync(workflows.EditTaskAsync(edit, token))).Reason);
        var admin = new WorkflowService.WorkflowServiceClient(bench.Server.Admin);
        if (noSelfAnswer)
        {
            var refused = await ShopBench.RefusedAsync(admin.EditTaskAsync(edit));
            Assert.Equal((StatusCode.PermissionDenied, "SELF_ANSWER"), (refused.Code, refused.Reason));
            await workflows.EditTaskAsync(edit, bob);
        }
        else
        {
            await admin.EditTaskAsync(edit);
        }

        await Waiting.UntilAsync(
            async () => (await executions.GetExecutionAsync(new() { ExecutionId = id })).Execution.Status is ExecutionStatus.Completed, "it completes", Soon);
    }

    static Metadata Headers(string token) => new() { { "authorization", $"Bearer {token}" } };

    static async Task<string> EnforcementAsync(InquiryBench bench, string origin, string source) => (await bench.ReadAsync<long>(
        $$"""
        with happened as (insert into event (trigger_ref, origin, source_ref) values ('shop.push', '{{origin}}', '{{source}}') returning id)
        insert into enforcement (rule_ref, trigger_ref, event, payload) select 'shop.on_push', 'shop.push', id, '{}' from happened returning id
        """)).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
