using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Server.Tests.Dispatch;

/// <summary>An agent's clock says when something happened, never when something will: the delay of a retry is the server's.</summary>
public sealed class RetryDelayTests : IAsyncLifetime
{
    PackBench bench = null!;

    public async Task InitializeAsync() => bench = await PackBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task An_agent_whose_clock_is_a_day_ahead_does_not_hold_back_a_retry()
    {
        await using var agent = await ConnectAsync(delaySeconds: 0);
        var item = await FailAsync(agent, TimeSpan.FromDays(1));

        var again = await agent.NextItemAsync(Soon);
        Assert.Equal((item.ExecutionId, 2), (again.ExecutionId, again.Attempt));
    }

    [Fact]
    public async Task An_agent_whose_clock_is_a_day_behind_does_not_shorten_the_delay_of_a_retry()
    {
        await using var agent = await ConnectAsync(delaySeconds: 3600);
        var before = TimeProvider.System.GetUtcNow();
        var item = await FailAsync(agent, -TimeSpan.FromDays(1));
        await agent.NextAsync(message => message.Acks.Count > 0, Soon);

        var execution = (await bench.Server.Executions.GetExecutionAsync(new() { ExecutionId = item.ExecutionId })).Execution;
        Assert.Equal((ExecutionStatus.Requested, 1), (execution.Status, execution.Attempt));
        Assert.InRange(
            execution.NextAttemptAt.ToDateTimeOffset(), before + TimeSpan.FromHours(1), TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1));
    }

    async Task<FakeAgent> ConnectAsync(int delaySeconds)
    {
        await bench.InstallAsync(bench.Archive("edge", "1.0.0", [], ("actions/run.sh", ""), ("actions/flaky.yaml", $$"""
            ref: edge.flaky
            runtime: core.shell
            entry_point: run.sh
            retry: {max_attempts: 2, delay_seconds: {{delaySeconds}}}
            """)));
        var agent = await bench.Server.JoinAsync("one", Soon);
        await agent.ConnectAsync(Soon);
        return agent;
    }

    async Task<WorkItem> FailAsync(FakeAgent agent, TimeSpan ahead)
    {
        await bench.Server.Executions.StartExecutionAsync(new() { ActionRef = "edge.flaky" });
        var item = await agent.NextItemAsync(Soon);
        var finishedAt = (TimeProvider.System.GetUtcNow() + ahead).ToTimestamp();
        await agent.SendAsync(
            new()
            {
                Finished =
                {
                    new Finished
                    {
                        ExecutionId = item.ExecutionId,
                        Attempt = item.Attempt,
                        Outcome = Outcome.Failed,
                        StartedAt = finishedAt,
                        FinishedAt = finishedAt,
                        Error = new() { Reason = "EXIT_CODE", Message = "exit code 1" },
                    },
                },
            },
            Soon);
        return item;
    }
}
