using Attune.Server.Dispatch;
using Attune.Server.Executions;
using Attune.Server.Workers;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using ExecutionStatus = Attune.V1.ExecutionStatus;

namespace Attune.Server.Tests.Dispatch;

/// <summary>An agent has one session over all replicas: the newest. An older one, which its replica still believes in, decides nothing.</summary>
public sealed class ReplacedSessionTests : IAsyncLifetime
{
    DispatchBench bench = null!;
    ServerBench second = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync()
    {
        bench = await DispatchBench.StartWithLongLeaseAsync();
        second = await bench.StartReplicaAsync();
    }

    public async Task DisposeAsync()
    {
        await second.DisposeAsync();
        await bench.DisposeAsync();
    }

    [Fact]
    public async Task A_session_that_another_replica_has_replaced_ends_and_work_goes_to_the_new_one()
    {
        await using var here = await bench.ConnectAsync("one");
        await using var there = here.On(second.Anonymous);
        await there.ConnectAsync(Soon);

        await Waiting.UntilAsync(() => bench.Sessions.All.IsEmpty, "the replaced session to end", Soon);
        var id = await bench.StartAsync();
        Assert.Equal(id, (await there.NextItemAsync(Soon)).ExecutionId);
        Assert.True((await bench.Server.Workers.GetWorkerAsync(new() { Name = "one" })).Worker.Connected);
    }

    [Fact]
    public async Task A_replaced_session_gives_back_nothing_of_what_the_new_one_holds()
    {
        await using var here = await bench.ConnectAsync("one");
        var stale = bench.Sessions.All[0];
        await using var there = here.On(second.Anonymous);
        await there.ConnectAsync(Soon);
        var id = (await second.Executions.StartExecutionAsync(new() { ActionRef = "core.noop" })).Execution.Id;
        await there.NextItemAsync(Soon);

        var believing = Sweep(stale);
        Assert.Equal((0, 0), (await believing.SweepAsync(Soon), await believing.SweepAsync(Soon)));
        Assert.Equal(ExecutionStatus.Scheduled, (await bench.GetAsync(id)).Status);

        // The same sweep with the newest session, which must know what it holds.
        var forgetful = Sweep(new(stale.WorkerId, "one", Guid.Parse(there.Welcome!.SessionId)) { Facts = stale.Facts });
        Assert.Equal((0, 1), (await forgetful.SweepAsync(Soon), await forgetful.SweepAsync(Soon)));
        Assert.Equal(ExecutionStatus.Requested, (await bench.GetAsync(id)).Status);
    }

    [Fact]
    public async Task Reports_through_a_replaced_session_do_not_count_for_what_the_new_one_holds()
    {
        await using var here = await bench.ConnectAsync("one");
        var stale = bench.Sessions.All[0];
        await using var there = here.On(second.Anonymous);
        await there.ConnectAsync(Soon);
        var id = (await second.Executions.StartExecutionAsync(new() { ActionRef = "core.noop" })).Execution.Id;
        var item = await there.NextItemAsync(Soon);

        var reports = bench.Get<AgentReports>();
        var ended = DispatchBench.Log(item, 1, "stale");
        ended.Finished.Add(new Finished
        {
            ExecutionId = id,
            Attempt = 1,
            Outcome = Outcome.Completed,
            Result = ByteString.CopyFromUtf8("\"stale\""),
        });
        await reports.EnqueueAsync(stale, ended, Soon);
        await reports.GiveBackAsync(stale, new() { Returned = { new Returned { ExecutionId = id, Attempt = 1 } } }, Soon);
        await UntilWrittenAsync();

        await there.FinishAsync(item, Outcome.Completed, Soon, "\"real\"");
        Assert.False((await there.NextAsync(message => message.Acks.Count > 0, Soon)).Acks[0].Stale);
        Assert.Equal("real", (await bench.GetAsync(id)).Result.StringValue);
        using var log = bench.Server.Executions.StreamExecutionLogs(new() { ExecutionId = id });
        Assert.False(await log.ResponseStream.MoveNext(Soon));
    }

    // As the first replica's loop runs it once more time has passed than any hand-over takes.
    UndeliveredWork Sweep(AgentSession session)
    {
        var sessions = new AgentSessions();
        sessions.Add(session);
        var later = new ManualClock(TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1));
        return new(
            bench.Get<DispatchStore>(), sessions, bench.Get<Dispatcher>(), bench.Get<ExecutionChanges>(), later,
            NullLogger<UndeliveredWork>.Instance);
    }

    // Reports are written in their order: once this one is acknowledged, so is what came before it.
    async Task UntilWrittenAsync()
    {
        await using var other = await bench.Server.JoinAsync("other", Soon);
        other.Labels["zone"] = "other";
        await other.ConnectAsync(Soon);
        await bench.StartAsync(labels: new() { ["zone"] = "other" });
        await other.FinishAsync(await other.NextItemAsync(Soon), Outcome.Completed, Soon);
        await other.NextAsync(message => message.Acks.Count > 0, Soon);
    }
}
