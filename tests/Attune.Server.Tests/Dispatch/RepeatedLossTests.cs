using Attune.Server.Dispatch;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Dispatch;

/// <summary>An action that takes its agent down with it does not go round for ever, whoever says that it was lost.</summary>
public sealed class RepeatedLossTests : IAsyncLifetime
{
    PackBench bench = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync()
    {
        bench = await PackBench.StartAsync();
        await bench.InstallAsync(bench.Archive("edge", "1.0.0", [], ("actions/run.sh", ""), ("actions/crash.yaml", """
            ref: edge.crash
            runtime: core.shell
            entry_point: run.sh
            delivery: at_least_once
            """)));
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task An_execution_that_its_agent_reports_as_lost_over_and_over_is_given_up()
    {
        await using var agent = await bench.Server.JoinAsync("one", Soon);
        await agent.ConnectAsync(Soon);
        var id = await StartAsync();
        for (var losses = 0; losses <= LostWork.LossesMax; losses++)
        {
            var item = await agent.NextItemAsync(Soon);
            Assert.Equal(losses + 1, item.Attempt);
            await agent.FinishAsync(item, Outcome.Lost, Soon, reason: "WORKER_LOST");
        }

        await IsGivenUpAsync(id);
    }

    [Fact]
    public async Task An_execution_whose_agent_comes_back_knowing_nothing_over_and_over_is_given_up()
    {
        await using var agent = await bench.Server.JoinAsync("one", Soon);
        await agent.ConnectAsync(Soon);
        var id = await StartAsync();
        for (var losses = 0; losses <= LostWork.LossesMax; losses++)
        {
            Assert.Equal(losses + 1, (await agent.NextItemAsync(Soon)).Attempt);
            await agent.DropAsync();
            agent.SpoolId = Guid.NewGuid().ToString();
            await agent.ConnectAsync(Soon);
        }

        await IsGivenUpAsync(id);
    }

    [Fact]
    public async Task Losses_that_are_reported_and_losses_of_a_lease_count_together()
    {
        await using var agent = await bench.Server.JoinAsync("one", Soon);
        await agent.ConnectAsync(Soon);
        var id = await StartAsync();
        await bench.ReadAsync<int>("update execution_queue set lost_count = @max", new { max = LostWork.LossesMax });
        await agent.FinishAsync(await agent.NextItemAsync(Soon), Outcome.Lost, Soon, reason: "WORKER_LOST");

        await IsGivenUpAsync(id, attempts: 1);
    }

    async Task<long> StartAsync()
        => (await bench.Server.Executions.StartExecutionAsync(new() { ActionRef = "edge.crash" })).Execution.Id;

    async Task IsGivenUpAsync(long id, int attempts = LostWork.LossesMax + 1)
    {
        var ended = await Waiting.ForAsync(
            async () => (await bench.Server.Executions.GetExecutionAsync(new() { ExecutionId = id })).Execution,
            execution => execution.FinishedAt is not null || execution.Attempt > attempts,
            "the execution to be given up",
            Soon);
        Assert.Equal((ExecutionStatus.Abandoned, attempts, "WORKER_LOST"), (ended.Status, ended.Attempt, ended.Error.Reason));
        Assert.Equal(0, await bench.ReadAsync<long>("select count(*) from execution_queue"));
    }
}
