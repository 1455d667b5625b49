using Attune.Server.Tests.Hosting;
using Attune.Server.Tests.Workflows;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Server.Tests.Inquiries;

/// <summary>Whole workflows that ask, conducted: what an answer, its absence and a withdrawal lead to.</summary>
public sealed class InquiryWorkflowTests
{
    const string Graph = """
        tasks:
          approve:
            inquiry:
              prompt: "Install {{ parameters.version }}?"
              response_schema: {approved: {type: boolean, required: true}}
              assignees: {identities: ["{{ execution.executor }}"]}
              quorum: 1
              timeout: "{{ parameters.seconds }}"
              reminder: 600
            next:
              - {when: "{{ succeeded() and result.approved }}", publish: {said: "yes by {{ result.answers[0].login }}"}}
              - {when: "{{ timed_out() }}", publish: {said: "{{ error.reason }}"}}
              - {when: "{{ cancelled() }}", publish: {said: withdrawn}}
              - {else: true, publish: {said: "no"}}
          meanwhile:
            inquiry: {prompt: Something else?}
            next: [{publish: {other: "{{ result.text }}"}}]
        vars: {said: nothing, other: nothing}
        output_map: {said: "{{ vars.said }}", other: "{{ vars.other }}"}
        """;

    const string Fields = "parameters: {version: {type: string, default: '1.2'}, seconds: {type: integer, default: 3600}}\n";

    static CancellationToken Soon => Waiting.SoonEnough;

    [Theory]
    [InlineData("yes", "yes by admin")]
    [InlineData("no", "no")]
    [InlineData("nothing", "TIMEOUT")]
    [InlineData("withdraw", "withdrawn")]
    public async Task A_workflow_asks_goes_on_elsewhere_meanwhile_and_follows_what_came_of_it(string answer, string said)
    {
        await using var bench = await ConductBench.StartAsync();
        await bench.InstallAsync(Fields, ("ask", Graph));
        var inquiries = new InquiryService.InquiryServiceClient(bench.Server.Admin);
        var id = await bench.RunAsync("ask", answer is "nothing" ? """{"seconds": 1}""" : "{}");
        var (approve, other) = (await AskedAsync(inquiries, id, "approve"), await AskedAsync(inquiries, id, "meanwhile"));
        Assert.Equal(("Install 1.2?", "flow.ask", "admin"), (approve.Prompt, approve.ActionRef, Assert.Single(approve.AssigneeLogins)));

        await inquiries.RespondInquiryAsync(new() { InquiryId = other.Id, Response = Struct.Parser.ParseJson("""{"text": "done"}""") });
        switch (answer)
        {
            case "withdraw":
                await inquiries.CancelInquiryAsync(new() { InquiryId = approve.Id });
                break;
            case "yes" or "no":
                await inquiries.RespondInquiryAsync(new()
                {
                    InquiryId = approve.Id,
                    Response = Struct.Parser.ParseJson(answer is "yes" ? """{"approved": true}""" : """{"approved": false}"""),
                });
                break;
        }

        var done = await bench.UntilFinalAsync(id);

        Assert.Equal(ExecutionStatus.Completed, done.Status);
        Assert.Equal((said, "done"), (done.Result.StructValue.Fields["said"].StringValue, done.Result.StructValue.Fields["other"].StringValue));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Cancelling_the_workflow_withdraws_its_questions()
    {
        await using var bench = await ConductBench.StartAsync();
        await bench.InstallAsync(Fields, ("ask", Graph));
        var inquiries = new InquiryService.InquiryServiceClient(bench.Server.Admin);
        var id = await bench.RunAsync("ask");
        var approve = await AskedAsync(inquiries, id, "approve");

        await bench.Server.Executions.CancelExecutionAsync(new() { ExecutionId = id });

        Assert.Equal(ExecutionStatus.Cancelled, (await bench.UntilFinalAsync(id)).Status);
        Assert.Equal(InquiryStatus.Cancelled, (await inquiries.GetInquiryAsync(new() { InquiryId = approve.Id })).Inquiry.Status);
        Assert.Empty((await inquiries.ListInquiriesAsync(new() { Statuses = { InquiryStatus.Pending } })).Inquiries);
    }

    [Fact]
    public async Task Cancelling_the_execution_that_is_a_question_withdraws_it()
    {
        await using var bench = await ConductBench.StartAsync();
        await bench.InstallAsync(Fields, ("ask", Graph));
        var inquiries = new InquiryService.InquiryServiceClient(bench.Server.Admin);
        var id = await bench.RunAsync("ask");
        var approve = await AskedAsync(inquiries, id, "approve");
        var other = await AskedAsync(inquiries, id, "meanwhile");

        await bench.Server.Executions.CancelExecutionAsync(new() { ExecutionId = approve.ExecutionId });
        await inquiries.RespondInquiryAsync(new() { InquiryId = other.Id, Response = Struct.Parser.ParseJson("""{"text": "x"}""") });

        Assert.Equal("withdrawn", (await bench.UntilFinalAsync(id)).Result.StructValue.Fields["said"].StringValue);
        Assert.Equal(InquiryStatus.Cancelled, (await inquiries.GetInquiryAsync(new() { InquiryId = approve.Id })).Inquiry.Status);
    }

    [Fact]
    public async Task Answers_that_come_while_the_workflow_is_cancelled_count_or_do_not_and_nobody_waits_in_a_circle()
    {
        await using var bench = await ConductBench.StartAsync();
        await bench.InstallAsync(("many",
            """
            tasks:
              ask:
                with_items: "{{ range(40) }}"
                inquiry: {prompt: "Number {{ item }}?"}
            """));
        var inquiries = new InquiryService.InquiryServiceClient(bench.Server.Admin);
        var id = await bench.RunAsync("many");
        var asked = await Waiting.ForAsync(
            async () => (await inquiries.ListInquiriesAsync(new() { WorkflowExecutionId = id })).Inquiries, all => all.Count == 40, "40 questions", Soon);

        var answers = asked.Select(async each =>
        {
            try
            {
                await inquiries.RespondInquiryAsync(new() { InquiryId = each.Id, Response = Struct.Parser.ParseJson("""{"text": "x"}""") });
                return "taken";
            }
            catch (RpcException refused)
            {
                return refused.Detail().Reason;
            }
        }).ToList();
        await bench.Server.Executions.CancelExecutionAsync(new() { ExecutionId = id });
        var outcomes = await Task.WhenAll(answers);
        await bench.UntilFinalAsync(id);

        Assert.All(outcomes, each => Assert.True(each is "taken" or "INQUIRY_FINISHED", each));
        Assert.Equal(outcomes.Count(each => each is "taken"), await bench.ReadAsync<int>("select count(*) from inquiry where status = 'responded'"));
        Assert.Equal(0, await bench.ReadAsync<int>(
            """
            select count(*) from inquiry i join execution e on e.id = i.execution
            where (i.status, e.status) not in (('responded', 'completed'), ('cancelled', 'cancelled'))
            """));
        Assert.Equal(0, await bench.ReadAsync<int>("select deadlocks from pg_stat_database where datname = current_database()"));
    }

    static async Task<Inquiry> AskedAsync(InquiryService.InquiryServiceClient inquiries, long workflow, string task)
        => (await Waiting.ForAsync(
            async () => (await inquiries.ListInquiriesAsync(new() { WorkflowExecutionId = workflow })).Inquiries.FirstOrDefault(each => each.TaskName == task),
            found => found is not null, $"the question of {task}", Soon))!;
}
