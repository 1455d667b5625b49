using Attune.V1;

namespace Attune.Agent.Tests.Session;

public sealed class RecoveryTests
{
    [Fact]
    public async Task After_a_kill_the_next_process_reports_what_was_running_as_lost_and_gives_back_what_had_not_begun()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await stream.GiveAsync("actions/run.sh", 1, 2, 3);
        await bench.JobAsync(1);
        var begun = await bench.JobAsync(2);
        begun.Start();
        await begun.SayAsync("the last words\n");
        var ended = await bench.JobAsync(3);
        ended.Start();
        ended.Finish(result: "{\"n\":3}"u8.ToArray());
        await stream.FinishedAsync(3);

        await bench.KillAsync();
        await bench.StartAsync();
        var again = await plane.NextStreamAsync();
        await again.WelcomeAsync();
        var lost = await again.FinishedAsync(2);
        var finished = await again.FinishedAsync(3);
        var returned = again.Read.SelectMany(message => message.Returned).Single();

        Assert.Equal(
            [(1, HeldState.Accepted), (2, HeldState.Finished), (3, HeldState.Finished)],
            again.Hello.Held.OrderBy(each => each.ExecutionId).Select(each => (each.ExecutionId, each.State)));
        Assert.Equal((Outcome.Lost, "AGENT_RESTARTED", 1L), (lost.Outcome, lost.Error.Reason, lost.LastLogSequence));
        Assert.NotNull(lost.StartedAt);
        Assert.Equal("the last words\n", again.Read.SelectMany(message => message.Logs).Single(each => each.ExecutionId == 2).Chunk.Content.ToStringUtf8());
        Assert.Equal((Outcome.Completed, "{\"n\":3}"), (finished.Outcome, finished.Result.ToStringUtf8()));
        Assert.Equal((1L, "STOPPING"), (returned.ExecutionId, returned.Reason));
        Assert.Equal(stream.Hello.SpoolId, again.Hello.SpoolId);
    }

    [Fact]
    public async Task What_was_acknowledged_before_a_kill_is_not_held_afterwards_when_more_work_followed()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await stream.GiveAsync("builtin:noop", 1);
        await stream.AckAsync(await stream.FinishedAsync(1));
        await stream.GiveAsync("builtin:noop", 2);
        await stream.FinishedAsync(2);

        await bench.KillAsync();
        await bench.StartAsync();

        Assert.Equal(2, (await plane.NextStreamAsync()).Hello.Held.Single().ExecutionId);
    }

    [Fact]
    public async Task An_attempt_that_the_server_stops_after_a_kill_is_not_reported()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await stream.GiveAsync("actions/run.sh", 1);
        (await bench.JobAsync(1)).Start();
        await stream.UntilAsync(message => message.Started.Count > 0);

        await bench.KillAsync();
        await bench.StartAsync();
        var again = await plane.NextStreamAsync();
        await again.WelcomeAsync(welcome => welcome.Stop.Add(again.Hello.Held));
        await again.GiveAsync("builtin:noop", 2);
        await again.FinishedAsync(2);

        Assert.DoesNotContain(again.Read, message => message.Finished.Any(each => each.ExecutionId == 1));
    }

    [Fact]
    public async Task A_full_spool_gives_up_the_oldest_output_says_so_and_keeps_the_result()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane, spoolLimit: 1 << 20);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync(welcome => welcome.HeartbeatInterval = new() { Nanos = 60_000_000 });
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();
        await plane.GoAwayAsync();
        await Soon.UntilAsync(() => bench.Parts.Sessions.Connection.Problem is not null);
        for (var chunk = 0; chunk < 96; chunk++)
            await job.SayAsync(new byte[32 << 10]);
        job.Finish(result: "{\"kept\":true}"u8.ToArray());
        await Soon.UntilAsync(() => bench.Reports.Room().DroppedBytes > 0);
        Assert.InRange(bench.Reports.Room().WaitingBytes, 1, 1 << 20);

        await plane.ComeBackAsync();
        var again = await plane.NextStreamAsync();
        await again.WelcomeAsync(welcome => welcome.HeartbeatInterval = new() { Nanos = 60_000_000 });
        while (again.Read.All(message => message.Finished.Count == 0))
        {
            var message = await again.UntilAsync(each => each.Logs.Count > 0 || each.Finished.Count > 0);
            await again.SendAsync(new()
            {
                LogAcks = { message.Logs.Select(each => new LogAck { ExecutionId = 1, Attempt = 1, ThroughSequence = each.Chunk.Sequence }) },
            });
        }

        var chunks = again.Read.SelectMany(message => message.Logs).Select(each => each.Chunk).ToList();
        Assert.Equal(LogStream.System, chunks[0].Stream);
        Assert.Contains("bytes of output are missing", chunks[0].Content.ToStringUtf8(), StringComparison.Ordinal);
        Assert.Equal(96, chunks[^1].Sequence);
        Assert.Equal("{\"kept\":true}", (await again.FinishedAsync(1)).Result.ToStringUtf8());
        Assert.True((await again.UntilAsync(message => message.Heartbeat is not null)).Heartbeat.SpoolDroppedBytes > 1 << 20);
    }
}
