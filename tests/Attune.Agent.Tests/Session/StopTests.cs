using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Agent.Tests.Session;

public sealed class StopTests
{
    [Fact]
    public async Task Stopping_takes_nothing_new_and_lets_running_work_end_and_be_acknowledged()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();

        bench.Signal();
        var drain = (await stream.UntilAsync(message => message.Drain is not null)).Drain;
        await stream.GiveAsync("actions/run.sh", 2);
        var returned = await stream.UntilAsync(message => message.Returned.Count > 0);
        Assert.False(job.Control.IsCancelled);
        job.Finish();
        await stream.AckAsync(await stream.FinishedAsync(1));
        await bench.Running.WaitAsync(Soon.Enough);

        Assert.InRange(drain.Deadline.ToDateTimeOffset() - TimeProvider.System.GetUtcNow(), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(31));
        Assert.Equal("DRAINING", returned.Returned.Single().Reason);
        await stream.AgentLeft;
    }

    [Fact]
    public async Task Work_that_outlasts_the_stop_grace_is_cancelled_and_reported()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane, stopGrace: TimeSpan.FromMilliseconds(100));
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();

        bench.Signal();
        await job.CancelledAsync();
        job.Finish(Outcome.Cancelled);

        await stream.AckAsync(await stream.FinishedAsync(1));
        await bench.Running.WaitAsync(Soon.Enough);
    }

    [Fact]
    public async Task A_second_signal_does_not_wait_for_the_grace()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane, stopGrace: TimeSpan.FromHours(1));
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();

        bench.Signal();
        await stream.UntilAsync(message => message.Drain is not null);
        Assert.False(job.Control.IsCancelled);
        bench.Signal();

        await job.CancelledAsync();
    }

    [Fact]
    public async Task A_result_that_nobody_acknowledged_before_the_stop_is_sent_by_the_next_start()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await stream.GiveAsync("builtin:noop", 1);
        await stream.FinishedAsync(1);

        await bench.KillAsync();
        await bench.StartAsync();
        var again = await plane.NextStreamAsync();
        await again.WelcomeAsync();

        Assert.Equal(Outcome.Completed, (await again.FinishedAsync(1)).Outcome);
    }

    [Fact]
    public async Task A_drain_from_the_control_plane_cancels_nothing_before_its_deadline()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();

        await stream.SendAsync(new() { Drain = new() { Reason = "maintenance" } });
        await stream.UntilAsync(message => message.Pull?.Slots == 0);
        await stream.GiveAsync("actions/run.sh", 2);
        Assert.Equal("DRAINING", (await stream.UntilAsync(message => message.Returned.Count > 0)).Returned.Single().Reason);
        Assert.False(job.Control.IsCancelled);

        var passed = TimeProvider.System.GetUtcNow().AddSeconds(-1).ToTimestamp();
        await stream.SendAsync(new() { Drain = new() { Reason = "maintenance", Deadline = passed } });
        await job.CancelledAsync();
        Assert.False(bench.Running.IsCompleted);
    }

    [Fact]
    public async Task A_lifted_drain_takes_work_again()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane, slots: 4);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await stream.SendAsync(new() { Drain = new() { Reason = "maintenance" } });
        await stream.UntilAsync(message => message.Pull?.Slots == 0);

        await stream.SendAsync(new() { Drain = new() { Lifted = true } });

        await stream.UntilAsync(message => message.Pull?.Slots == 4);
        await stream.GiveAsync("builtin:noop", 1);
        await stream.FinishedAsync(1);
    }

    [Fact]
    public async Task A_stop_survives_a_broken_stream()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await stream.GiveAsync("actions/run.sh", 1);
        var job = await bench.JobAsync(1);
        job.Start();
        bench.Signal();
        await stream.UntilAsync(message => message.Drain is not null);
        stream.Abort();

        var again = await plane.NextStreamAsync();
        await again.WelcomeAsync();

        Assert.True(again.Hello.Draining);
        Assert.Equal(0, (await again.UntilAsync(message => message.Pull is not null)).Pull.Slots);
        job.Finish();
        await again.AckAsync(await again.FinishedAsync(1));
        await bench.Running.WaitAsync(Soon.Enough);
    }
}
