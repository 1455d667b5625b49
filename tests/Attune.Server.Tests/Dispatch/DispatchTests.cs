using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Dispatch;

/// <summary>Who gets what, when, and what becomes of it when an agent goes.</summary>
public sealed class DispatchTests : IAsyncLifetime
{
    DispatchBench bench = null!;

    public async Task InitializeAsync() => bench = await DispatchBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task An_execution_runs_on_a_connected_agent_and_its_result_is_read_back()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();

        var item = await agent.NextItemAsync(Soon);
        Assert.Equal(id, item.ExecutionId);
        Assert.Equal(1, item.Attempt);
        Assert.Equal("core.noop", agent.Specs[item.SpecId].ActionRef);
        await agent.FinishAsync(item, Outcome.Completed, Soon, """{"answer": 42}""");

        var execution = await bench.UntilFinalAsync(id);
        Assert.Equal(ExecutionStatus.Completed, execution.Status);
        Assert.Equal(42, execution.Result.StructValue.Fields["answer"].NumberValue);
        Assert.Equal("one", execution.WorkerName);
    }

    [Fact]
    public async Task A_result_is_acknowledged_after_its_commit_and_a_repeated_one_is_stale()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        var item = await agent.NextItemAsync(Soon);

        await agent.FinishAsync(item, Outcome.Completed, Soon, "1");
        var first = await agent.NextAsync(message => message.Acks.Count > 0, Soon);
        Assert.False(Assert.Single(first.Acks).Stale);

        await agent.FinishAsync(item, Outcome.Failed, Soon, "2");
        var second = await agent.NextAsync(message => message.Acks.Count > 0, Soon);
        Assert.True(Assert.Single(second.Acks).Stale);
        Assert.Equal(1, (await bench.GetAsync(id)).Result.NumberValue);
    }

    [Fact]
    public async Task The_server_never_gives_more_than_the_slots_and_the_queue_drains_in_order()
    {
        await using var agent = await bench.ConnectAsync("one", slots: 3);
        var ids = await bench.StartManyAsync(10);

        var held = new List<WorkItem>();
        while (held.Count < 3)
            held.AddRange((await agent.NextAsync(message => message.Items.Count > 0, Soon)).Items);
        Assert.Equal(3, held.Count);
        var worker = await bench.Server.Workers.GetWorkerAsync(new() { Name = "one" });
        Assert.Equal(3, worker.Worker.SlotsInUse);

        var order = held.ConvertAll(item => item.ExecutionId);
        await agent.FinishAsync(held[0], Outcome.Completed, Soon);
        while (order.Count < 10)
        {
            var item = await agent.NextItemAsync(Soon);
            order.Add(item.ExecutionId);
            await agent.FinishAsync(item, Outcome.Completed, Soon);
        }

        Assert.Equal(ids, order.Order());
        Assert.Equal(order.Skip(3).Order(), order.Skip(3));
    }

    [Fact]
    public async Task A_higher_priority_leaves_the_queue_first()
    {
        var low = await bench.StartAsync(priority: 1);
        var high = await bench.StartAsync(priority: 9);
        await using var agent = await bench.ConnectAsync("one", slots: 1);

        var first = await agent.NextItemAsync(Soon);
        Assert.Equal(high, first.ExecutionId);
        await agent.FinishAsync(first, Outcome.Completed, Soon);
        Assert.Equal(low, (await agent.NextItemAsync(Soon)).ExecutionId);
    }

    [Fact]
    public async Task Priority_holds_across_what_asks_for_different_agents()
    {
        for (var i = 0; i < 5; i++)
            await bench.StartAsync(priority: 0, labels: new() { ["a"] = "1" });
        var urgent = await bench.StartAsync(priority: 9, labels: new() { ["b"] = "2" });

        await using var agent = await bench.Server.JoinAsync("both", Soon);
        (agent.Slots, agent.Labels["a"], agent.Labels["b"]) = (1, "1", "2");
        await agent.ConnectAsync(Soon);
        Assert.Equal(urgent, (await agent.NextItemAsync(Soon)).ExecutionId);
    }

    [Fact]
    public async Task Work_goes_only_where_labels_fit_and_why_says_so()
    {
        await using var plain = await bench.ConnectAsync("plain");
        var id = await bench.StartAsync(labels: new() { ["zone"] = "edge" });
        Assert.Contains("zone=edge", (await bench.ExplainAsync(id)).Summary);

        await using var edge = await bench.Server.JoinAsync("edge", Soon);
        edge.Labels["zone"] = "edge";
        await edge.ConnectAsync(Soon);
        Assert.Equal(id, (await edge.NextItemAsync(Soon)).ExecutionId);
    }

    [Fact]
    public async Task A_cordoned_agent_gets_nothing_until_it_is_uncordoned()
    {
        await using var agent = await bench.ConnectAsync("one");
        await bench.Server.Workers.CordonWorkerAsync(new() { Name = "one" });
        await Waiting.UntilAsync(() => bench.Sessions.All[0].Cordoned, "the session to be cordoned", Soon);
        var id = await bench.StartAsync();
        Assert.Contains("cordoned", (await bench.ExplainAsync(id)).Summary);

        await bench.Server.Workers.UncordonWorkerAsync(new() { Name = "one" });
        Assert.Equal(id, (await agent.NextItemAsync(Soon)).ExecutionId);
    }

    [Fact]
    public async Task A_drain_is_told_to_the_agent_and_gives_it_nothing_new()
    {
        await using var agent = await bench.ConnectAsync("one");
        await bench.Server.Workers.DrainWorkerAsync(new() { Name = "one", Reason = "kernel update" });
        var drain = (await agent.NextAsync(message => message.Drain is not null, Soon)).Drain;
        Assert.Equal("kernel update", drain.Reason);

        var id = await bench.StartAsync();
        Assert.Contains((await bench.ExplainAsync(id)).Reasons, reason => reason.Code == "DRAINING");
    }

    [Fact]
    public async Task An_agent_of_another_protocol_is_refused_and_both_versions_are_named()
    {
        await using var agent = await bench.Server.JoinAsync("old", Soon);
        agent.ProtocolVersion = 7;
        var refusal = (await agent.ConnectAsync(Soon)).Refusal;
        Assert.Equal("PROTOCOL_VERSION", refusal.Reason);
        Assert.Contains("protocol 7", refusal.Message);
        Assert.Contains("speaks 1", refusal.Message);
    }

    [Fact]
    public async Task Two_replicas_on_one_database_share_the_work_and_hear_of_each_other()
    {
        await using var second = await ServerBench.StartAsync(Soon, bench.Server);
        await using var here = await bench.ConnectAsync("here", slots: 1);
        var taken = await bench.StartAsync();
        var item = await here.NextItemAsync(Soon);

        var waits = await bench.StartAsync();
        await using var joined = await bench.Server.JoinAsync("there", Soon);
        await using var there = joined.On(second.Anonymous);
        await there.ConnectAsync(Soon);
        Assert.Equal(waits, (await there.NextItemAsync(Soon)).ExecutionId);

        using var watch = second.Executions.WatchExecution(new() { ExecutionIds = { taken } });
        Assert.True(await watch.ResponseStream.MoveNext(Soon));
        var last = watch.ResponseStream.Current.Executions[0];
        await here.FinishAsync(item, Outcome.Completed, Soon);
        while (await watch.ResponseStream.MoveNext(Soon))
            last = watch.ResponseStream.Current.Executions.LastOrDefault() ?? last;
        Assert.Equal(ExecutionStatus.Completed, last.Status);
    }
}
