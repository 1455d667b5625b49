using Attune.Server.Hosting;
using Attune.Server.Workers;
using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Dispatch;

/// <summary>An agent that comes back with another spool has lost what its old one knew, and only that.</summary>
public sealed class ReplacedSpoolTests : IAsyncLifetime
{
    DispatchBench bench = null!;

    public async Task InitializeAsync() => bench = await DispatchBench.StartWithLongLeaseAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task What_was_lost_with_a_spool_stays_lost_when_the_first_hello_with_the_new_one_is_cut_short()
    {
        await using var agent = await bench.ConnectAsync("one");
        var id = await bench.StartAsync();
        await agent.NextItemAsync(Soon);
        await agent.DropAsync();

        agent.SpoolId = "another disk";
        var caller = Caller.Anonymous with { WorkerName = "one" };
        var cutShort = await bench.Get<AdmitAgent>().RunAsync(
            new()
            {
                ProtocolVersion = 1,
                Name = "one",
                Role = WorkerRole.Action,
                Slots = 4,
                SpoolId = agent.SpoolId,
            },
            caller,
            Soon);
        Assert.Equal(id, Assert.Single(cutShort.Lost).Execution);

        await agent.ConnectAsync(Soon);
        var execution = await bench.UntilFinalAsync(id);
        Assert.Equal((ExecutionStatus.Abandoned, 1), (execution.Status, execution.Attempt));
        Assert.Equal("WORKER_LOST", execution.Error.Reason);
    }

    [Fact]
    public async Task What_is_assigned_after_a_spool_was_replaced_is_not_lost_with_the_old_one()
    {
        await using var agent = await bench.ConnectAsync("one");
        var lost = await bench.StartAsync();
        await agent.NextItemAsync(Soon);
        await agent.DropAsync();

        agent.SpoolId = "another disk";
        await agent.ConnectAsync(Soon);
        Assert.Equal(ExecutionStatus.Abandoned, (await bench.UntilFinalAsync(lost)).Status);
        var id = await bench.StartAsync();
        Assert.Equal(id, (await agent.NextItemAsync(Soon)).ExecutionId);
        await agent.DropAsync();

        await agent.ConnectAsync(Soon);
        var again = await agent.NextItemAsync(Soon);
        Assert.Equal((id, 2), (again.ExecutionId, again.Attempt));
    }
}
