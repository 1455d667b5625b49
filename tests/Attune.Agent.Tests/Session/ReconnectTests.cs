using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Agent.Tests.Session;

public sealed class ReconnectTests : IAsyncLifetime
{
    FakeControlPlane plane = null!;
    AgentBench bench = null!;
    AgentStream stream = null!;

    public async Task InitializeAsync()
    {
        plane = await FakeControlPlane.StartAsync();
        bench = await AgentBench.StartAsync(plane);
        stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
    }

    public async Task DisposeAsync()
    {
        await bench.DisposeAsync();
        await plane.DisposeAsync();
    }

    static string Held(AgentStream stream)
        => string.Join(", ", stream.Hello.Held.OrderBy(each => each.ExecutionId).Select(each => $"{each.ExecutionId}/{each.Attempt} {each.State}"));

    [Fact]
    public async Task The_next_hello_names_everything_unacknowledged()
    {
        await stream.GiveAsync("actions/run.sh", 1, 2, 3, 4);
        (await bench.JobAsync(2)).Start();
        foreach (var id in (long[])[3, 4])
        {
            var job = await bench.JobAsync(id);
            job.Start();
            job.Finish();
        }

        await stream.AckAsync(await stream.FinishedAsync(4));
        await stream.FinishedAsync(3);
        await Soon.UntilAsync(() => bench.Reports.Room().Held == 3);
        stream.Abort();
        var again = await plane.NextStreamAsync();

        Assert.Equal("1/1 Accepted, 2/1 Running, 3/1 Finished", Held(again));
        Assert.Equal(stream.Hello.SpoolId, again.Hello.SpoolId);
    }

    [Fact]
    public async Task An_unacknowledged_end_is_said_again_on_every_stream_until_it_is_acknowledged()
    {
        await stream.GiveAsync("builtin:noop", 1);
        await stream.FinishedAsync(1);
        stream.Abort();

        var second = await plane.NextStreamAsync();
        await second.WelcomeAsync();
        await second.AckAsync(await second.FinishedAsync(1));
        await Soon.UntilAsync(() => bench.Reports.Room().Held == 0);
        second.Abort();

        Assert.Empty((await plane.NextStreamAsync()).Hello.Held);
    }

    [Fact]
    public async Task Unacknowledged_output_is_said_again_before_the_end()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();
        await job.SayAsync("one\n");
        await job.SayAsync("two\n");
        await stream.UntilAsync(message => message.Logs.Any(each => each.Chunk.Sequence == 2));
        await stream.SendAsync(new() { LogAcks = { new LogAck { ExecutionId = 1, Attempt = 1, ThroughSequence = 1 } } });
        await stream.GiveAsync("builtin:noop", 2);
        await stream.FinishedAsync(2);
        stream.Abort();
        var again = await plane.NextStreamAsync();
        await job.SayAsync("three\n");
        job.Finish();
        await again.WelcomeAsync();

        await again.FinishedAsync(1);

        Assert.Equal([2L, 3L], again.Read.SelectMany(each => each.Logs).Select(each => each.Chunk.Sequence));
    }

    [Fact]
    public async Task What_the_welcome_stops_is_killed_and_never_reported()
    {
        await stream.GiveAsync("actions/run.sh", 1, 2);
        var stopped = await bench.JobAsync(1);
        stopped.Start();
        (await bench.JobAsync(2)).Start();
        stream.Abort();
        var again = await plane.NextStreamAsync();

        await again.WelcomeAsync(welcome => welcome.Stop.Add(new HeldExecution { ExecutionId = 1, Attempt = 1 }));
        await Soon.UntilAsync(() => stopped.Control.IsAborted);
        stopped.Finish();
        (await bench.JobAsync(2)).Finish();
        await again.FinishedAsync(2);

        Assert.DoesNotContain(again.Read, message => message.Finished.Any(each => each.ExecutionId == 1) || message.Started.Any(each => each.ExecutionId == 1));
    }

    [Fact]
    public async Task Work_goes_on_while_the_control_plane_is_away_and_is_reconciled_when_it_is_back()
    {
        await stream.GiveAsync("actions/run.sh", 1, 2);
        var ends = await bench.JobAsync(1);
        var goesOn = await bench.JobAsync(2);
        ends.Start();
        goesOn.Start();
        await plane.GoAwayAsync();

        await ends.SayAsync("said to nobody\n");
        ends.Finish(result: "{\"ok\":true}"u8.ToArray());
        await Soon.UntilAsync(() => bench.Parts.Sessions.Connection.Attempt > 1);
        await plane.ComeBackAsync();
        var again = await plane.NextStreamAsync();
        await again.WelcomeAsync();
        var finished = await again.FinishedAsync(1);

        Assert.Equal("1/1 Finished, 2/1 Running", Held(again));
        Assert.Equal("{\"ok\":true}", finished.Result.ToStringUtf8());
        Assert.Equal("said to nobody\n", again.Read.SelectMany(each => each.Logs).Single().Chunk.Content.ToStringUtf8());
        Assert.False(goesOn.Control.IsCancelled);
    }

    [Fact]
    public async Task A_job_is_not_held_up_by_a_control_plane_that_is_away()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();
        await plane.GoAwayAsync();
        await Soon.UntilAsync(() => bench.Parts.Sessions.Connection.Problem is not null);

        for (var chunk = 0; chunk < 300; chunk++)
            await job.SayAsync(new byte[32 << 10]).AsTask().WaitAsync(Soon.Enough);

        Assert.True(bench.Reports.Room().WaitingBytes > 9 << 20);
    }

    [Fact]
    public async Task A_go_away_moves_the_agent_to_another_stream_and_work_goes_on()
    {
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();

        await stream.SendAsync(new() { GoAway = new() { Delay = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(150)), Reason = "deploy" } });
        await stream.GiveAsync("builtin:noop", 2);
        await stream.FinishedAsync(2);
        await stream.AgentLeft;
        var again = await plane.NextStreamAsync();

        Assert.Contains("1/1 Running", Held(again), StringComparison.Ordinal);
        Assert.False(job.Control.IsCancelled);
    }

    [Fact]
    public async Task After_a_go_away_the_agent_stays_away_until_the_delay_is_over_even_when_the_stream_breaks()
    {
        await stream.SendAsync(new() { GoAway = new() { Delay = Duration.FromTimeSpan(TimeSpan.FromMinutes(10)), Reason = "deploy" } });
        await stream.GiveAsync("builtin:noop", 2);
        await stream.FinishedAsync(2);
        stream.Abort();

        await Soon.UntilAsync(() => bench.Parts.Sessions.Connection.NextTryAt is not null);

        var wait = bench.Parts.Sessions.Connection.NextTryAt!.Value - TimeProvider.System.GetUtcNow();
        Assert.InRange(wait.TotalMinutes, 8, 10);
        Assert.False(plane.HasAnotherStream);
    }

    [Fact]
    public async Task A_spec_of_an_earlier_stream_means_nothing_on_the_next()
    {
        await stream.GiveAsync("builtin:noop", 1);
        await stream.FinishedAsync(1);
        stream.Abort();
        var again = await plane.NextStreamAsync();
        await again.WelcomeAsync();

        await again.SendAsync(new() { Items = { AgentStream.Item(2, spec: 1) } });

        Assert.Equal("UNKNOWN_SPEC", (await again.UntilAsync(message => message.Returned.Count > 0)).Returned.Single().Reason);
    }
}
