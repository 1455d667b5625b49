using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Dispatch;

/// <summary>Dropped streams, lost agents, late results, cancellations: nothing is lost and nothing counts twice.</summary>
public sealed class LossTests : IAsyncLifetime
{
    DispatchBench bench = null!;

    public async Task InitializeAsync() => bench = await DispatchBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task Cancelling_what_waits_ends_it_at_once()
    {
        var id = await bench.StartAsync();
        var cancelled = await bench.Server.Executions.CancelExecutionAsync(new() { ExecutionId = id, Reason = "changed my mind" });
        Assert.Equal(ExecutionStatus.Cancelled, cancelled.Execution.Status);
        Assert.Contains("changed my mind", cancelled.Execution.Error.Message);

        await using var agent = await bench.ConnectAsync("one");
        var next = await bench.StartAsync();
        Assert.Equal(next, (await agent.NextItemAsync(Soon)).ExecutionId);
    }

    [Fact]
    public async Task Cancelling_what_runs_reaches_the_agent_and_ends_with_its_word()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        var item = await agent.NextItemAsync(Soon);

        var asked = await bench.Server.Executions.CancelExecutionAsync(new() { ExecutionId = id });
        Assert.Equal(ExecutionStatus.Canceling, asked.Execution.Status);
        var cancel = (await agent.NextAsync(message => message.Cancels.Count > 0, Soon)).Cancels[0];
        Assert.Equal((id, 1), (cancel.ExecutionId, cancel.Attempt));

        await agent.FinishAsync(item, Outcome.Cancelled, Soon, reason: "CANCELLED");
        var execution = await bench.UntilFinalAsync(id);
        Assert.Equal(ExecutionStatus.Cancelled, execution.Status);
        Assert.Contains("Cancelled by admin", execution.Error.Message);
    }

    [Fact]
    public async Task A_cancel_made_while_the_agent_is_away_arrives_when_it_returns()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        var item = await agent.NextItemAsync(Soon);
        await agent.DropAsync();
        await bench.Server.Executions.CancelExecutionAsync(new() { ExecutionId = id });

        await agent.ConnectAsync(Soon, DispatchBench.Held(item));
        Assert.Equal(id, (await agent.NextAsync(message => message.Cancels.Count > 0, Soon)).Cancels[0].ExecutionId);
    }

    [Fact]
    public async Task A_dropped_stream_keeps_running_work_and_the_result_counts_after_the_reconnect()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        var item = await agent.NextItemAsync(Soon);
        await agent.DropAsync();

        var first = await agent.ConnectAsync(Soon, DispatchBench.Held(item));
        Assert.Empty(first.Welcome.Stop);
        await agent.FinishAsync(item, Outcome.Completed, Soon);
        var execution = await bench.UntilFinalAsync(id);
        Assert.Equal((ExecutionStatus.Completed, 1), (execution.Status, execution.Attempt));
    }

    [Fact]
    public async Task What_an_agent_never_began_is_given_out_again_under_a_new_attempt()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        await agent.NextItemAsync(Soon);
        await agent.DropAsync();

        await agent.ConnectAsync(Soon);
        var again = await agent.NextItemAsync(Soon);
        Assert.Equal((id, 2), (again.ExecutionId, again.Attempt));
    }

    [Fact]
    public async Task An_agent_that_gives_an_item_back_costs_the_execution_no_attempt()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        var item = await agent.NextItemAsync(Soon);
        await agent.SendAsync(
            new() { Returned = { new Returned { ExecutionId = id, Attempt = item.Attempt, Reason = "DRAINING" } } }, Soon);

        Assert.Equal((id, 2), await NextAsync(agent));
        var execution = await bench.GetAsync(id);
        Assert.Equal((2, 2), (execution.Attempt, execution.MaxAttempts));
    }

    [Fact]
    public async Task An_agent_that_lost_its_disk_has_its_work_abandoned_at_once()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        await agent.NextItemAsync(Soon);
        await agent.DropAsync();

        agent.SpoolId = "another disk";
        await agent.ConnectAsync(Soon);
        var execution = await bench.UntilFinalAsync(id);
        Assert.Equal(ExecutionStatus.Abandoned, execution.Status);
        Assert.Equal("WORKER_LOST", execution.Error.Reason);
    }

    [Fact]
    public async Task A_lost_agents_work_is_abandoned_when_it_must_run_at_most_once()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        var item = await agent.NextItemAsync(Soon);
        await agent.DropAsync();

        var execution = await bench.UntilFinalAsync(id);
        Assert.Equal(ExecutionStatus.Abandoned, execution.Status);
        Assert.Equal("WORKER_LOST", execution.Error.Reason);
        Assert.Contains("at_most_once", (await bench.ExplainAsync(id)).Summary);

        var back = await agent.ConnectAsync(Soon, DispatchBench.Held(item));
        Assert.Equal(id, Assert.Single(back.Welcome.Stop).ExecutionId);
    }

    [Fact]
    public async Task A_late_result_of_a_lost_attempt_changes_nothing()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        var item = await agent.NextItemAsync(Soon);
        await agent.DropAsync();
        await bench.UntilFinalAsync(id);

        await agent.ConnectAsync(Soon, DispatchBench.Held(item));
        await agent.FinishAsync(item, Outcome.Completed, Soon);
        Assert.True((await agent.NextAsync(message => message.Acks.Count > 0, Soon)).Acks[0].Stale);
        Assert.Equal(ExecutionStatus.Abandoned, (await bench.GetAsync(id)).Status);
    }

    [Fact]
    public async Task An_agent_that_says_nothing_for_a_lease_loses_its_stream()
    {
        await using var agent = await bench.ConnectAsync("mute");
        await Waiting.UntilAsync(() => bench.Sessions.All.IsEmpty, "the silent agent's session to end", Soon);
    }

    [Fact]
    public async Task An_agent_that_holds_two_attempts_of_one_execution_is_admitted_and_told_which_to_stop()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        var first = await agent.NextItemAsync(Soon);
        await agent.SendAsync(
            new() { Returned = { new Returned { ExecutionId = id, Attempt = first.Attempt, Reason = "DRAINING" } } }, Soon);
        var second = await agent.NextItemAsync(Soon);
        await agent.DropAsync();

        var back = await agent.ConnectAsync(Soon, DispatchBench.Held(first), DispatchBench.Held(second));
        var stopped = Assert.Single(back.Welcome.Stop);
        Assert.Equal((id, first.Attempt), (stopped.ExecutionId, stopped.Attempt));
        await agent.FinishAsync(second, Outcome.Completed, Soon);
        Assert.Equal(ExecutionStatus.Completed, (await bench.UntilFinalAsync(id)).Status);
    }

    [Fact]
    public async Task An_agent_cannot_end_give_back_or_log_for_what_another_one_holds()
    {
        await using var owner = await bench.ConnectAsync("owner");
        var id = await bench.StartAsync();
        var item = await owner.NextItemAsync(Soon);
        await using var forger = await bench.ConnectAsync("forger");

        await forger.SendAsync(DispatchBench.Log(item, 1, "forged"), Soon);
        await forger.SendAsync(new() { Returned = { new Returned { ExecutionId = id, Attempt = 1, Reason = "DRAINING" } } }, Soon);
        await forger.FinishAsync(item, Outcome.Completed, Soon, "\"forged\"");
        Assert.True((await forger.NextAsync(message => message.Acks.Count > 0, Soon)).Acks[0].Stale);

        await owner.FinishAsync(item, Outcome.Completed, Soon, "\"real\"");
        var execution = await bench.UntilFinalAsync(id);
        Assert.Equal(("real", 1, "owner"), (execution.Result.StringValue, execution.Attempt, execution.WorkerName));
        using var log = bench.Server.Executions.StreamExecutionLogs(new() { ExecutionId = id });
        Assert.False(await log.ResponseStream.MoveNext(Soon));
    }

    static async Task<(long, int)> NextAsync(FakeAgent agent)
    {
        var item = await agent.NextItemAsync(Soon);
        return (item.ExecutionId, item.Attempt);
    }
}
