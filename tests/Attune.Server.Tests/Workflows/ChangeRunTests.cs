using System.Text;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Server.Tests.Workflows;

/// <summary>People who pause, resume, rerun and edit.</summary>
public sealed class ChangeRunTests : IAsyncLifetime
{
    ShopBench bench = null!;

    public async Task InitializeAsync() => bench = await ShopBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_paused_workflow_starts_nothing_until_it_is_resumed_and_both_are_on_record()
    {
        var id = await bench.DeployAsync();
        var build = await bench.TakeAsync();

        var paused = (await bench.Workflows.PauseWorkflowAsync(new() { ExecutionId = id, Reason = "night" })).WorkflowExecution;
        var again = (await bench.Workflows.PauseWorkflowAsync(new() { ExecutionId = id, Reason = "still night" })).WorkflowExecution;
        await bench.Agent.FinishAsync(build, Outcome.Completed, Soon, """{"image": "shop:1"}""");
        Assert.Equal(ExecutionStatus.Completed, await bench.UntilFinalAsync(build.ExecutionId));

        Assert.Equal((true, "night"), (paused.Paused, paused.PauseReason));
        Assert.Single(again.Edits);
        var why = await bench.Executions.ExplainExecutionAsync(new() { ExecutionId = id });
        Assert.Equal("WORKFLOW_PAUSED", why.Reasons[0].Code);

        var resumed = (await bench.Workflows.ResumeWorkflowAsync(new() { ExecutionId = id })).WorkflowExecution;
        await FinishHostsAsync();
        await bench.NextAsync();

        Assert.False(resumed.Paused);
        Assert.Equal(ExecutionStatus.Completed, await bench.UntilFinalAsync(id));
        Assert.Equal([("pause", "admin", "night"), ("resume", "admin", "")], resumed.Edits.Select(edit => (edit.Kind, edit.Login, edit.Reason)));
    }

    [Fact]
    public async Task What_does_not_fit_the_state_of_a_run_is_refused_by_name()
    {
        var running = await bench.DeployAsync();
        var workflows = bench.Workflows;
        Assert.Equal("WORKFLOW_NOT_PAUSED", (await ShopBench.RefusedAsync(workflows.ResumeWorkflowAsync(new() { ExecutionId = running }))).Reason);
        Assert.Equal("WORKFLOW_RUNNING", (await ShopBench.RefusedAsync(workflows.RerunTasksAsync(new() { ExecutionId = running, TaskNames = { "build" } }))).Reason);
        Assert.Equal("TASK_RUNNING", (await ShopBench.RefusedAsync(workflows.EditTaskAsync(Result(running, "build", "1")))).Reason);
        Assert.Equal("WORKFLOW_RUNNING", (await ShopBench.RefusedAsync(workflows.EditTaskAsync(Result(running, "check", "1")))).Reason);

        var item = await bench.NextAsync(error: "BROKEN");
        Assert.Equal(ExecutionStatus.Failed, await bench.UntilFinalAsync(running));

        Assert.Equal("WORKFLOW_FINISHED", (await ShopBench.RefusedAsync(workflows.PauseWorkflowAsync(new() { ExecutionId = running }))).Reason);
        Assert.Equal("WORKFLOW_FINISHED", (await ShopBench.RefusedAsync(workflows.ResumeWorkflowAsync(new() { ExecutionId = running }))).Reason);
        Assert.Equal("NOT_A_WORKFLOW", (await ShopBench.RefusedAsync(workflows.PauseWorkflowAsync(new() { ExecutionId = item.ExecutionId }))).Reason);
        var unknown = await ShopBench.RefusedAsync(workflows.RerunTasksAsync(new() { ExecutionId = running, TaskNames = { "biuld", "check", "nothing" } }));
        Assert.Equal((StatusCode.NotFound, "TASK_NOT_FOUND", 2), (unknown.Code, unknown.Reason, unknown.Violations.Count));
        Assert.Contains("build", unknown.Violations[0].Description);
        Assert.Equal("TASK_NOT_FOUND", (await ShopBench.RefusedAsync(workflows.RerunTasksAsync(new() { ExecutionId = running }))).Reason);
        Assert.Empty((await bench.GetAsync(running)).Edits);
    }

    [Fact]
    public async Task A_rerun_goes_on_in_the_same_execution_and_keeps_what_others_gave()
    {
        var id = await bench.FailedAsync();

        var request = new RerunTasksRequest { RequestId = "r1", ExecutionId = id, TaskNames = { "install" }, Reason = "disk was full" };
        var rerun = (await bench.Workflows.RerunTasksAsync(request)).WorkflowExecution;
        await bench.Workflows.RerunTasksAsync(request);
        Assert.Equal(ExecutionStatus.Running, rerun.Execution.Status);
        await FinishHostsAsync();
        await bench.NextAsync();

        Assert.Equal(ExecutionStatus.Completed, await bench.UntilFinalAsync(id));
        var after = await bench.GetAsync(id);
        Assert.Equal("shop:1", after.Execution.Result.StructValue.Fields["image"].StringValue);
        Assert.Equal([("build", 1), ("install", 2), ("check", 1)], after.Tasks.Select(task => (task.Name, task.RunCount)));
        var edit = Assert.Single(after.Edits);
        Assert.Equal(("rerun", "disk was full"), (edit.Kind, edit.Reason));
        Assert.Equal(["install"], edit.TaskNames);
    }

    [Fact]
    public async Task A_new_input_reaches_the_agent_and_its_secrets_nobody_else()
    {
        var id = await bench.FailedAsync();
        var request = new EditTaskRequest
        {
            ExecutionId = id,
            TaskName = "install",
            ItemIndex = 0,
            Input = Struct.Parser.ParseJson("""{"host": "c", "password": "hush-hush"}"""),
        };

        var edited = (await bench.Workflows.EditTaskAsync(request)).WorkflowExecution;
        var item = await bench.NextAsync("\"c done\"");
        await bench.NextAsync();

        Assert.Equal(ExecutionStatus.Completed, await bench.UntilFinalAsync(id));
        Assert.Contains("hush-hush", Encoding.UTF8.GetString(item.Parameters.Span));
        Assert.Equal("c", ShopBench.HostOf(item));
        var edit = Assert.Single(edited.Edits);
        Assert.Equal(("edit_input", "***"), (edit.Kind, edit.Value.StructValue.Fields["password"].StringValue));
        Assert.Equal(0, await bench.Packs.ReadAsync<long>(
            """
            select count(*)
            from (
                select to_jsonb(w)::text as row from workflow_edit w
                union all select to_jsonb(v)::text from workflow_value v
                union all select to_jsonb(h)::text from workflow_happening h
                union all select to_jsonb(x)::text from workflow_execution x
                union all select to_jsonb(e)::text from execution e
            ) everything
            where row like '%hush-hush%'
            """));
    }

    [Fact]
    public async Task A_task_that_failed_while_its_workflow_was_paused_is_edited_before_it_goes_on()
    {
        var id = await bench.DeployAsync();
        var build = await bench.TakeAsync();
        await bench.Workflows.PauseWorkflowAsync(new() { ExecutionId = id });
        Assert.Equal("TASK_RUNNING", (await ShopBench.RefusedAsync(bench.Workflows.EditTaskAsync(Result(id, "build", "1")))).Reason);
        await bench.Agent.FinishAsync(build, Outcome.Failed, Soon, reason: "BROKEN");
        await bench.UntilFinalAsync(build.ExecutionId);

        await bench.Workflows.EditTaskAsync(Result(id, "build", """{"image": "by hand"}"""));
        await bench.Workflows.ResumeWorkflowAsync(new() { ExecutionId = id });
        await FinishHostsAsync();
        await bench.NextAsync();

        Assert.Equal(ExecutionStatus.Completed, await bench.UntilFinalAsync(id));
        var after = await bench.GetAsync(id);
        Assert.Equal("by hand", after.Execution.Result.StructValue.Fields["image"].StringValue);
        Assert.Equal(["pause", "edit_result", "resume"], after.Edits.Select(edit => edit.Kind));
    }

    [Fact]
    public async Task A_great_value_is_on_record_and_told_by_its_length()
    {
        var id = await bench.FailedAsync();

        var edited = (await bench.Workflows.EditTaskAsync(Result(id, "install", $"\"{new string('x', 100_000)}\""))).WorkflowExecution;

        Assert.Equal("(100002 characters)", Assert.Single(edited.Edits).Value.StringValue);
        Assert.Equal(100_002, await bench.Packs.ReadAsync<int>("select length(value::text) from workflow_edit"));
    }

    [Fact]
    public async Task A_new_result_counts_and_what_follows_goes_on()
    {
        var id = await bench.FailedAsync();

        var edited = (await bench.Workflows.EditTaskAsync(Result(id, "install", "[\"by hand\", \"b done\"]"))).WorkflowExecution;
        await bench.NextAsync();

        Assert.Equal(ExecutionStatus.Completed, await bench.UntilFinalAsync(id));
        Assert.Equal(TaskState.Completed, edited.Tasks.Single(task => task.Name is "install").State);
        var edit = Assert.Single(edited.Edits);
        Assert.Equal(("edit_result", "by hand"), (edit.Kind, edit.Value.ListValue.Values[0].StringValue));
    }

    [Theory]
    [InlineData("build", null, null, "input")]
    [InlineData("build", 0, "{}", "item_index")]
    [InlineData("install", 2, """{"host": "a"}""", "item_index")]
    [InlineData("install", -1, """{"host": "a"}""", "item_index")]
    [InlineData("install", 0, """{"host": 5}""", "input.host")]
    [InlineData("install", 0, """{}""", "input.host")]
    [InlineData("install", 0, """{"host": "a", "hots": "b"}""", "input.hots")]
    [InlineData("install", 0, """{"host": "a", "password": {"$secret": "v1:x"}}""", "input")]
    public async Task An_edit_that_cannot_be_names_its_field(string task, int? item, string? input, string field)
    {
        var id = await bench.FailedAsync();
        var request = new EditTaskRequest { ExecutionId = id, TaskName = task };
        if (item is { } index)
            request.ItemIndex = index;
        if (input is not null)
            request.Input = Struct.Parser.ParseJson(input);

        var refused = await ShopBench.RefusedAsync(bench.Workflows.EditTaskAsync(request));

        Assert.Equal((StatusCode.InvalidArgument, "EDIT_INVALID"), (refused.Code, refused.Reason));
        Assert.Contains(refused.Violations, violation => violation.Field == field);
        Assert.Empty((await bench.GetAsync(id)).Edits);
    }

    [Fact]
    public async Task A_sub_workflow_that_has_ended_is_its_parents_to_change()
    {
        var id = await bench.DeployAsync("shop.outer");
        await bench.NextAsync(error: "BROKEN");
        Assert.Equal(ExecutionStatus.Failed, await bench.UntilFinalAsync(id));
        var inner = (await bench.TreeAsync(id)).Nodes.Single(node => node.TaskName is "inner").ExecutionId;

        var refused = await ShopBench.RefusedAsync(bench.Workflows.RerunTasksAsync(new() { ExecutionId = inner, TaskNames = { "build" } }));
        var edit = await ShopBench.RefusedAsync(bench.Workflows.EditTaskAsync(Result(inner, "build", "1")));

        Assert.Equal(["PARENT_FINISHED", "PARENT_FINISHED"], new[] { refused, edit }.Select(each => each.Reason));
        Assert.Contains($"task inner of workflow {id}", refused.Message);
    }

    static CancellationToken Soon => Testing.Waiting.SoonEnough;

    async Task FinishHostsAsync()
    {
        await bench.NextAsync("1");
        await bench.NextAsync("2");
    }

    static EditTaskRequest Result(long id, string task, string json)
        => new() { ExecutionId = id, TaskName = task, Result = Value.Parser.ParseJson(json) };
}
