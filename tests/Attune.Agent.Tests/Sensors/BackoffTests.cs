using Attune.Agent.Tests.Session;
using Attune.Testing;
using Attune.V1;

namespace Attune.Agent.Tests.Sensors;

public sealed class BackoffTests : IAsyncLifetime
{
    readonly ManualClock clock = new();
    SensorBench bench = null!;

    public async Task InitializeAsync() => bench = await SensorBench.StartAsync(clock: clock);

    public async Task DisposeAsync() => await bench.DisposeAsync();

    /// <summary>Moves the time once the sensor has gone to sleep.</summary>
    async Task SleepThroughAsync(TimeSpan time)
    {
        await Soon.UntilAsync(() => clock.WaitingTimers == 1);
        clock.Advance(time);
    }

    [Fact]
    public async Task Each_failure_in_a_row_doubles_the_wait_from_5_to_300_seconds()
    {
        await bench.Stream.AssignAsync(SensorScript.Publish(bench.Plane, "echo no such folder >&2; exit 7"));
        var waits = new List<double>();
        for (var failure = 1; failure <= 8; failure++)
        {
            var report = await bench.Stream.ReportAsync(SensorProcessState.BackingOff, failure);
            Assert.Equal("exit code 7: no such folder", report.LastError);
            var wait = report.NextStartAt.ToDateTimeOffset() - clock.GetUtcNow();
            waits.Add(wait.TotalSeconds);
            await SleepThroughAsync(wait);
        }

        Assert.Equal([5, 10, 20, 40, 80, 160, 300, 300], waits);
    }

    [Fact]
    public async Task A_sensor_starts_again_neither_before_its_time_nor_when_it_is_not_wanted_any_more()
    {
        var sensor = SensorScript.Publish(bench.Plane, "exit 0");
        await bench.Stream.AssignAsync(sensor);
        Assert.Equal("ended by itself with exit code 0", (await bench.Stream.ReportAsync(SensorProcessState.BackingOff)).LastError);
        await SleepThroughAsync(TimeSpan.FromSeconds(4.9));
        Assert.Equal(SensorProcessState.BackingOff, bench.Standing.State);

        await bench.Stream.AssignAsync();
        await bench.Stream.ReportAsync(SensorProcessState.Stopped);

        Assert.Equal(0, clock.WaitingTimers);
        Assert.Empty(bench.Agent.Parts.Sensors.Standings);
    }

    [Fact]
    public async Task Sixty_seconds_of_life_end_the_row_of_failures()
    {
        var sensor = SensorScript.Publish(bench.Plane, "read -r start; read -r rule; exit 1");
        await bench.Stream.AssignAsync(sensor);
        await bench.Stream.ReportAsync(SensorProcessState.Running);
        await bench.Stream.AssignAsync(sensor.With(each => each.Rules.Add(SensorScript.Rule("r.one"))));
        await bench.Stream.ReportAsync(SensorProcessState.BackingOff, 1);
        await SleepThroughAsync(TimeSpan.FromSeconds(5));
        await bench.Stream.ReportAsync(SensorProcessState.Running, 1);

        await SleepThroughAsync(TimeSpan.FromSeconds(59));
        Assert.Equal(1, bench.Standing.FailuresInRow);
        await SleepThroughAsync(TimeSpan.FromSeconds(1));

        await bench.Stream.ReportAsync(SensorProcessState.Running, 0);
        await bench.Stream.AssignAsync(sensor);
        var report = await bench.Stream.ReportAsync(SensorProcessState.BackingOff);
        Assert.Equal((1, 5.0), (report.FailuresInRow, (report.NextStartAt.ToDateTimeOffset() - clock.GetUtcNow()).TotalSeconds));
    }

    [Fact]
    public async Task A_new_generation_does_not_wait_for_the_backoff_of_the_old_one()
    {
        await bench.Stream.AssignAsync(SensorScript.Publish(bench.Plane, "exit 1"));
        await bench.Stream.ReportAsync(SensorProcessState.BackingOff, 1);

        await bench.Stream.AssignAsync(SensorScript.Publish(bench.Plane, SensorScript.Echo).With(each => each.Generation = 2));

        var running = await bench.Stream.ReportAsync(SensorProcessState.Running);
        Assert.Equal((2L, 0), (running.Generation, running.FailuresInRow));
    }
}
