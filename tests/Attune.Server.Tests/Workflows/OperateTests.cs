using Attune.Server.Hosting;
using Attune.Server.Workflows;
using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Workflows;

/// <summary>Pause, resume, rerun and edit, from the request to what came of it.</summary>
public sealed class OperateTests
{
    static readonly Caller Ada = new() { IdentityId = 0, Login = "ada", Grants = [new("*", ["*"], [])] };

    static CancellationToken Soon => Waiting.SoonEnough;

    static string Echo(string task, string more = "") => ConductBench.Echo(task, more);

    static Task<Result<Server.Executions.Execution>> DoAsync(ConductBench bench, WorkflowOperation operation)
        => bench.Get<OperateWorkflow>().RunAsync(Ada, operation, Soon);

    static async Task<string> ReasonAsync(ConductBench bench, WorkflowOperation operation)
        => (await DoAsync(bench, operation)).IsOk(out _, out var failure) ? "" : failure.Reason;

    [Fact]
    public async Task A_paused_workflow_starts_nothing_nor_do_those_that_it_called_until_it_is_resumed()
    {
        await using var bench = await ConductBench.StartAsync(
            ("outer", "tasks:\n  call: {action: flow.inner, input: {}, next: [{do: last}]}\n" + Echo("last")),
            ("inner", "tasks:\n" + Echo("one", ", next: [{do: two}]") + Echo("two")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, name => name is "one" ? Reply.Later : Reply.Completed);
        var id = await bench.RunAsync("outer");
        await agent.UntilRunningAsync("one");

        Assert.Equal("", await ReasonAsync(bench, new() { ExecutionId = id, Kind = OperationKind.Pause, Reason = "lunch" }));
        Assert.Equal(["lunch"], await bench.ListAsync("select pause_reason from workflow_execution where execution = @id and paused", new { id }));
        await Waiting.UntilAsync(async () => await bench.ReadAsync<bool>("select bool_and(paused) from workflow_execution"), "the inner one is paused", Soon);
        await agent.EndAsync("one", Reply.Completed);
        await Waiting.UntilAsync(async () => await bench.ReadAsync<long>("select count(*) from workflow_happening") == 0, "it is taken", Soon);
        Assert.Equal(["one"], agent.Begun);

        Assert.Equal("", await ReasonAsync(bench, new() { ExecutionId = id, Kind = OperationKind.Resume }));
        Assert.Equal(ExecutionStatus.Completed, (await bench.UntilFinalAsync(id)).Status);
        Assert.Equal(["one", "two", "last"], agent.Begun);
        Assert.Equal(["pause ada lunch", "resume ada "], await bench.ListAsync("select kind || ' ' || login || ' ' || coalesce(reason, '') from workflow_edit order by id"));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_finished_workflow_runs_again_from_a_task_and_keeps_the_other_results()
    {
        await using var bench = await ConductBench.StartAsync(("line",
            """
            tasks:
              one: {action: core.echo, input: {message: one}, next: [{publish: {first: "{{ result }}"}, do: two}]}
              two: {action: core.echo, input: {message: two}, next: [{publish: {both: "{{ [vars.first, result] }}"}}]}
            output_map: {both: "{{ vars.both }}"}
            """));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, name => name is "two" ? Reply.Fails() : Reply.Gives("1"));
        var id = await bench.RunAsync("line");
        Assert.Equal(ExecutionStatus.Failed, (await bench.UntilFinalAsync(id)).Status);

        agent.Script = _ => Reply.Gives("2");
        Assert.Equal("", await ReasonAsync(bench, new() { ExecutionId = id, Kind = OperationKind.Rerun, Tasks = ["two"] }));

        await Waiting.UntilAsync(async () => (await bench.GetAsync(id)).Status is ExecutionStatus.Completed, "it completes", Soon);
        var done = await bench.GetAsync(id);
        Assert.Null(done.Error);
        Assert.Equal([1, 2], done.Result.StructValue.Fields["both"].ListValue.Values.Select(value => value.NumberValue));
        Assert.Equal(["one", "two", "two"], agent.Begun);
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task An_edited_result_counts_as_what_the_task_gave_and_an_edited_input_is_what_it_runs_with()
    {
        await using var bench = await ConductBench.StartAsync(("line",
            """
            tasks:
              one: {action: core.echo, input: {message: one}, next: [{publish: {first: "{{ result.n }}"}, do: two}]}
              two: {action: core.echo, input: {message: "two {{ vars.first }}"}, next: [{publish: {second: "{{ result }}"}}]}
            output_map: {second: "{{ vars.second }}"}
            """));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Fails());
        var id = await bench.RunAsync("line");
        Assert.Equal(ExecutionStatus.Failed, (await bench.UntilFinalAsync(id)).Status);

        Assert.Equal("", await ReasonAsync(bench, new()
        {
            ExecutionId = id,
            Kind = OperationKind.EditResult,
            Tasks = ["one"],
            Value = """{"n": 7}""",
            Recorded = """{"n": 7}""",
        }));
        await Waiting.UntilAsync(async () => agent.Begun.Count == 2 && (await bench.GetAsync(id)).Status is ExecutionStatus.Failed, "the second fails", Soon);
        Assert.Equal(["one", "two 7"], agent.Begun);

        agent.Script = name => Reply.Gives($"\"{name}\"");
        Assert.Equal("", await ReasonAsync(bench, new()
        {
            ExecutionId = id,
            Kind = OperationKind.EditInput,
            Tasks = ["two"],
            Value = """{"message": "by hand"}""",
            Recorded = "{}",
        }));
        await Waiting.UntilAsync(async () => (await bench.GetAsync(id)).Status is ExecutionStatus.Completed, "it completes", Soon);

        Assert.Equal("by hand", (await bench.GetAsync(id)).Result.StructValue.Fields["second"].StringValue);
        Assert.Equal(0, await bench.ReadAsync<long>("select count(*) from workflow_value where value::text like '%by hand%'"));
        Assert.Equal(["edit_result {one}", "edit_input {two}"], await bench.ListAsync("select kind || ' ' || tasks::text from workflow_edit order by id"));
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task What_the_state_of_a_workflow_forbids_is_refused()
    {
        await using var bench = await ConductBench.StartAsync(
            ("outer", "tasks:\n  call: {action: flow.inner, input: {}}\n"), ("inner", "tasks:\n" + Echo("one")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var id = await bench.RunAsync("outer");
        await agent.UntilRunningAsync("one");
        var inner = await bench.ReadAsync<long>("select id from execution where parent = @id", new { id });
        var task = await bench.ReadAsync<long>("select id from execution where parent = @inner", new { inner });

        Assert.Equal("EXECUTION_NOT_FOUND", await ReasonAsync(bench, new() { ExecutionId = 424242, Kind = OperationKind.Pause }));
        Assert.Equal("NOT_A_WORKFLOW", await ReasonAsync(bench, new() { ExecutionId = task, Kind = OperationKind.Pause }));
        Assert.Equal("WORKFLOW_NOT_PAUSED", await ReasonAsync(bench, new() { ExecutionId = id, Kind = OperationKind.Resume }));
        Assert.Equal("WORKFLOW_RUNNING", await ReasonAsync(bench, new() { ExecutionId = id, Kind = OperationKind.Rerun, Tasks = ["call"] }));
        Assert.Equal("TASK_RUNNING", await ReasonAsync(bench, new() { ExecutionId = id, Kind = OperationKind.EditResult, Tasks = ["call"], Value = "1" }));
        await agent.EndAsync("one", Reply.Completed);
        await bench.UntilFinalAsync(id);
        Assert.Equal("WORKFLOW_FINISHED", await ReasonAsync(bench, new() { ExecutionId = id, Kind = OperationKind.Pause }));
        Assert.Equal("PARENT_FINISHED", await ReasonAsync(bench, new() { ExecutionId = inner, Kind = OperationKind.Rerun, Tasks = ["one"] }));
        Assert.Equal(0, await bench.ReadAsync<long>("select count(*) from workflow_edit"));
    }
}
