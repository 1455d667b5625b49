using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Workflows;

/// <summary>What a workflow that ends or stands still means for those that it called.</summary>
public sealed class SubWorkflowTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task What_stops_the_caller_stops_what_the_called_one_runs_though_that_would_let_it_finish()
    {
        await using var bench = await ConductBench.StartAsync(
            ("outer", "cancellation: cancel_running\ntasks:\n  call: {action: flow.inner, input: {}}\n"),
            ("inner", $"cancellation: allow_finish\ntasks:\n{ConductBench.Echo("deep")}"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var id = await bench.RunAsync("outer");
        await agent.UntilRunningAsync("deep");

        await bench.Server.Executions.CancelExecutionAsync(new() { ExecutionId = id });

        Assert.Equal(ExecutionStatus.Cancelled, (await bench.UntilFinalAsync(id)).Status);
        Assert.Equal("core.echo cancelled", (await bench.ListAsync("select action_ref || ' ' || status from execution order by id"))[^1]);
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task One_that_was_paused_for_itself_is_not_resumed_with_its_caller()
    {
        await using var bench = await ConductBench.StartAsync(
            ("outer", "tasks:\n  own: {action: flow.inner, input: {}}\n  other: {action: flow.inner, input: {}}\n"),
            ("inner", $"tasks:\n{ConductBench.Echo("deep")}"));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var id = await bench.RunAsync("outer");
        await Waiting.UntilAsync(() => agent.Running.Count == 2, "both to run", Soon);
        var workflows = new WorkflowService.WorkflowServiceClient(bench.Server.Admin);
        var own = await bench.ReadAsync<long>("select execution from workflow_task_detail where task_name = 'own'");

        await workflows.PauseWorkflowAsync(new() { ExecutionId = own, Reason = "mine" });
        await UntilPausedAsync("flow.inner", 1);
        await workflows.PauseWorkflowAsync(new() { ExecutionId = id, Reason = "night" });
        await UntilPausedAsync("flow.%", 3);
        await workflows.ResumeWorkflowAsync(new() { ExecutionId = id });
        await UntilPausedAsync("flow.%", 1);
        Assert.True(await bench.ReadAsync<bool>("select paused from workflow_execution where execution = @own", new { own }));

        await workflows.ResumeWorkflowAsync(new() { ExecutionId = own });
        await UntilPausedAsync("flow.%", 0);

        Task UntilPausedAsync(string refs, int count) => Waiting.UntilAsync(
            async () => await bench.ReadAsync<long>(
                "select count(*) from workflow_execution w join execution e on e.id = w.execution where e.action_ref like @refs and w.paused", new { refs }) == count
                && await bench.ReadAsync<long>("select count(*) from workflow_happening") == 0,
            $"{count} to be paused", Soon);
    }
}
