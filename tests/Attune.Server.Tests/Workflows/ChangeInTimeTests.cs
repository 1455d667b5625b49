using Attune.Server.Workflows;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Npgsql;

namespace Attune.Server.Tests.Workflows;

/// <summary>Changes of runs that are paused, about to end, or changed by others at the same time.</summary>
public sealed class ChangeInTimeTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    static string Echo(string task, string more = "") => ConductBench.Echo(task, more);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_item_that_failed_while_its_workflow_was_paused_is_edited_and_the_list_completes(bool byResult)
    {
        await using var bench = await ShopBench.StartAsync();
        var id = await bench.DeployAsync();
        await bench.NextAsync("""{"image": "shop:1"}""");
        var hosts = new[] { await bench.TakeAsync(), await bench.TakeAsync() };
        var first = hosts.Single(item => ShopBench.HostOf(item) is "a");
        var second = hosts.Single(item => item != first);
        await bench.Workflows.PauseWorkflowAsync(new() { ExecutionId = id });
        await bench.Agent.FinishAsync(first, Outcome.Failed, Soon, reason: "DISK_FULL");
        Assert.Equal(ExecutionStatus.Failed, await bench.UntilFinalAsync(first.ExecutionId));

        var other = Edit(id, "install", 1);
        other.Result = Value.ForString("by hand");
        Assert.Equal("TASK_RUNNING", (await ShopBench.RefusedAsync(bench.Workflows.EditTaskAsync(other))).Reason);
        var whole = Edit(id, "install");
        whole.Result = Value.ForString("by hand");
        Assert.Equal("TASK_RUNNING", (await ShopBench.RefusedAsync(bench.Workflows.EditTaskAsync(whole))).Reason);
        var edit = Edit(id, "install", 0);
        if (byResult)
            edit.Result = Value.ForString("by hand");
        else
            edit.Input = Struct.Parser.ParseJson("""{"host": "c"}""");
        Assert.True((await bench.Workflows.EditTaskAsync(edit)).WorkflowExecution.Paused);
        await bench.Agent.FinishAsync(second, Outcome.Completed, Soon, "\"b done\"");
        await bench.Workflows.ResumeWorkflowAsync(new() { ExecutionId = id });
        if (!byResult)
            Assert.Equal("c", ShopBench.HostOf(await bench.NextAsync("\"c done\"")));
        await bench.NextAsync();

        Assert.Equal(ExecutionStatus.Completed, await bench.UntilFinalAsync(id));
    }

    [Fact]
    public async Task A_task_that_failed_while_its_workflow_was_paused_runs_again_with_another_input()
    {
        await using var bench = await ConductBench.StartAsync(("line", "tasks:\n" + Echo("one", ", next: [{do: two}]") + Echo("two")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, name => name is "one" ? Reply.Later : Reply.Completed);
        var workflows = new WorkflowService.WorkflowServiceClient(bench.Server.Admin);
        var id = await bench.RunAsync("line");
        await agent.UntilRunningAsync("one");
        await workflows.PauseWorkflowAsync(new() { ExecutionId = id });
        await agent.EndAsync("one", Reply.Fails());
        await Waiting.UntilAsync(async () => (await bench.TasksAsync(id)).Contains("one failed"), "it failed", Soon);

        var edit = Edit(id, "one");
        edit.Input = Struct.Parser.ParseJson("""{"message": "again"}""");
        await workflows.EditTaskAsync(edit);
        await workflows.ResumeWorkflowAsync(new() { ExecutionId = id });

        Assert.Equal(ExecutionStatus.Completed, (await bench.UntilFinalAsync(id)).Status);
        Assert.Equal(["one", "again", "two"], agent.Begun);
        await bench.AssertNothingIsLeftAsync();
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("failed")]
    public async Task What_is_about_to_end_is_neither_paused_nor_edited(string ending)
    {
        await using var bench = await ConductBench.StartAsync(
            ("wide", "tasks:\n" + Echo("one", ", next: [{do: three}]") + Echo("two") + Echo("three")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var workflows = new WorkflowService.WorkflowServiceClient(bench.Server.Admin);
        var id = await bench.RunAsync("wide");
        await agent.UntilRunningAsync("one", "two");
        if (ending is "cancelled")
        {
            await bench.Server.Executions.CancelExecutionAsync(new() { ExecutionId = id });
        }
        else
        {
            await agent.EndAsync("two", Reply.Fails());
            await Waiting.UntilAsync(
                async () => await bench.ReadAsync<int>("select (state ->> 'status')::int from workflow_execution") == 2, "it is about to end", Soon);
        }

        var refused = await ShopBench.RefusedAsync(workflows.PauseWorkflowAsync(new() { ExecutionId = id }));
        var edit = Edit(id, "three");
        edit.Result = Value.ForString("by hand");
        var running = Edit(id, "one");
        running.Result = Value.ForString("by hand");

        Assert.Equal((StatusCode.FailedPrecondition, "WORKFLOW_ENDING"), (refused.Code, refused.Reason));
        Assert.Equal("WORKFLOW_ENDING", (await ShopBench.RefusedAsync(workflows.EditTaskAsync(edit))).Reason);
        Assert.Equal("TASK_RUNNING", (await ShopBench.RefusedAsync(workflows.EditTaskAsync(running))).Reason);
        Assert.Equal("WORKFLOW_NOT_PAUSED", (await ShopBench.RefusedAsync(workflows.ResumeWorkflowAsync(new() { ExecutionId = id }))).Reason);
        Assert.Equal(
            "WORKFLOW_RUNNING", (await ShopBench.RefusedAsync(workflows.RerunTasksAsync(new() { ExecutionId = id, TaskNames = { "two" } }))).Reason);
        Assert.Equal(0, await bench.ReadAsync<long>("select count(*) from workflow_edit"));
        foreach (var name in agent.Running.ToList())
            await agent.EndAsync(name, Reply.Completed);
        Assert.Equal(ending, (await bench.UntilFinalAsync(id)).Status.ToString().ToLowerInvariant());
    }

    [Fact]
    public async Task A_pause_that_comes_behind_the_failure_of_its_workflow_is_not_reported_as_done()
    {
        await using var bench = await ConductBench.StartAsync(("wide", "tasks:\n" + Echo("one") + Echo("two")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var workflows = new WorkflowService.WorkflowServiceClient(bench.Server.Admin);
        var id = await bench.RunAsync("wide");
        await agent.UntilRunningAsync("one", "two");

        // The end of a task is known and not taken while somebody else holds the run.
        AsyncUnaryCall<PauseWorkflowResponse> pause;
        await using (var holder = await HoldAsync(bench, id))
        {
            await agent.EndAsync("one", Reply.Fails());
            await Waiting.UntilAsync(async () => await bench.ReadAsync<long>("select count(*) from workflow_happening") == 1, "it is known", Soon);
            pause = workflows.PauseWorkflowAsync(new() { ExecutionId = id });
            await Waiting.UntilAsync(
                async () => await bench.ReadAsync<bool>("select exists (select from pg_stat_activity where wait_event_type = 'Lock')"), "the pause waits", Soon);
        }

        try
        {
            // Whoever was first: either the pause came before the end was taken, and holds it, or it is refused.
            var paused = (await pause).WorkflowExecution;
            Assert.True(paused.Paused);
            Assert.Equal(1, await bench.ReadAsync<long>("select count(*) from workflow_edit"));
        }
        catch (RpcException refused)
        {
            Assert.Equal("WORKFLOW_ENDING", Hosting.Refused.Detail(refused).Reason);
            Assert.Equal(0, await bench.ReadAsync<long>("select count(*) from workflow_edit"));
        }
    }

    [Fact]
    public async Task Of_many_who_rerun_at_once_one_does()
    {
        await using var bench = await ConductBench.StartAsync(("line", "tasks:\n" + Echo("one")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Fails());
        var workflows = new WorkflowService.WorkflowServiceClient(bench.Server.Admin);
        var id = await bench.RunAsync("line");
        await bench.UntilFinalAsync(id);
        agent.Script = _ => Reply.Later;

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                return (await workflows.RerunTasksAsync(new() { ExecutionId = id, TaskNames = { "one" } })).WorkflowExecution.Execution.Status.ToString();
            }
            catch (RpcException refused)
            {
                return Hosting.Refused.Detail(refused).Reason;
            }
        }));

        Assert.Single(outcomes, each => each is "Running");
        Assert.Equal(7, outcomes.Count(each => each is "WORKFLOW_RUNNING"));
        Assert.Equal(1, await bench.ReadAsync<long>("select count(*) from workflow_edit"));
    }

    [Fact]
    public async Task A_sub_workflow_whose_end_its_parent_has_not_taken_yet_is_not_reopened()
    {
        await using var bench = await ConductBench.StartAsync(
            ("outer", "tasks:\n  call: {action: flow.inner, input: {}}\n"), ("inner", "tasks:\n" + Echo("one")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var id = await bench.RunAsync("outer");
        await agent.UntilRunningAsync("one");
        var inner = await bench.ReadAsync<long>("select id from execution where parent = @id", new { id });
        var ada = new Server.Hosting.Caller { IdentityId = 0, Login = "ada", Grants = [new("*", ["*"], [])] };
        await using (var holder = await HoldAsync(bench, id))
        {
            await agent.EndAsync("one", Reply.Completed);
            await bench.UntilFinalAsync(inner);

            Assert.False((await bench.Get<OperateWorkflow>().RunAsync(
                ada, new() { ExecutionId = inner, Kind = OperationKind.Rerun, Tasks = ["one"] }, Soon)).IsOk(out _, out var failure));
            Assert.Equal("PARENT_FINISHED", failure.Reason);
        }

        Assert.Equal(ExecutionStatus.Completed, (await bench.UntilFinalAsync(id)).Status);
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task The_end_of_a_task_that_runs_again_is_not_taken_for_its_end()
    {
        await using var bench = await ConductBench.StartAsync(("line", "tasks:\n" + Echo("one", ", next: [{publish: {gave: \"{{ result }}\"}}]") + "output_map: {gave: \"{{ vars.gave }}\"}\n"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var id = await bench.RunAsync("line");
        await agent.UntilRunningAsync("one");

        await bench.ReadAsync<long>(
            """
            insert into workflow_happening (workflow_execution, kind, execution)
            select w.id, 'ended', e.id
            from workflow_execution w join execution e on e.parent = w.execution
            """);
        await Waiting.UntilAsync(async () => await bench.ReadAsync<long>("select count(*) from workflow_happening") == 0, "it is looked at", Soon);
        Assert.Equal(ExecutionStatus.Running, (await bench.GetAsync(id)).Status);
        await agent.EndAsync("one", Reply.Gives("7"));

        Assert.Equal(7, (await bench.UntilFinalAsync(id)).Result.StructValue.Fields["gave"].NumberValue);
    }

    [Theory]
    [InlineData("\"a\\u0000b\"", "result")]
    [InlineData("""{"deep": ["\u0000"]}""", "result.deep[0]")]
    [InlineData("""{"na\u0000me": 1}""", "result")]
    public async Task A_result_that_the_database_cannot_hold_is_refused_with_its_place(string json, string field)
    {
        await using var bench = await ShopBench.StartAsync();
        var id = await bench.FailedAsync();
        var edit = Edit(id, "install");
        edit.Result = Value.Parser.ParseJson(json);

        var refused = await ShopBench.RefusedAsync(bench.Workflows.EditTaskAsync(edit));

        Assert.Equal((StatusCode.InvalidArgument, "EDIT_INVALID"), (refused.Code, refused.Reason));
        Assert.Equal(field, Assert.Single(refused.Violations).Field);
        var input = Edit(id, "install", 0);
        input.Input = Struct.Parser.ParseJson("""{"host": "a\u0000"}""");
        var refusedInput = await ShopBench.RefusedAsync(bench.Workflows.EditTaskAsync(input));
        Assert.Equal(("EDIT_INVALID", "input.host"), (refusedInput.Reason, Assert.Single(refusedInput.Violations).Field));
        edit.Result = Value.ForString("fine");
        edit.Reason = "no\0ne";
        Assert.Equal("no ne", Assert.Single((await bench.Workflows.EditTaskAsync(edit)).WorkflowExecution.Edits).Reason);
    }

    static EditTaskRequest Edit(long id, string task, int? item = null)
    {
        var request = new EditTaskRequest { ExecutionId = id, TaskName = task };
        if (item is { } index)
            request.ItemIndex = index;
        return request;
    }

    static async Task<Holder> HoldAsync(ConductBench bench, long execution)
    {
        var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await connection.BeginTransactionAsync(Soon);
        await using var command = new NpgsqlCommand($"select from workflow_execution where execution = {execution} for no key update", connection);
        await command.ExecuteNonQueryAsync(Soon);
        return new(connection);
    }

    /// <summary>Holds a run as a replica that carries it on does.</summary>
    sealed class Holder(NpgsqlConnection connection) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await connection.DisposeAsync();
    }
}
