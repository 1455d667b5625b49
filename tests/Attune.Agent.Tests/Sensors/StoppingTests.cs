using System.Globalization;
using Attune.Agent.Tests.Session;
using Attune.V1;

namespace Attune.Agent.Tests.Sensors;

/// <summary>These make orphans, which the process loops of neighbouring tests in this process would wonder about.</summary>
[Collection(nameof(StoppingTests))]
[CollectionDefinition(nameof(StoppingTests), DisableParallelization = true)]
public sealed class StoppingTests : IAsyncLifetime
{
    SensorBench bench = null!;

    AgentStream Stream => bench.Stream;

    public async Task InitializeAsync() => bench = await SensorBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    SensorAssignment Publish(string script, string sensorRef = "test.sensor") => SensorScript.Publish(bench.Plane, script, sensorRef);

    static int Number(string text) => int.Parse(text.Trim(), CultureInfo.InvariantCulture);

    [Fact]
    public async Task What_the_list_does_not_name_is_told_to_stop_and_nothing_of_it_is_left()
    {
        await Stream.AssignAsync(Publish("sleep 1000 & echo $! >&2; " + SensorScript.Echo + "; echo bye >&2"), Publish(SensorScript.Echo, "test.other"));
        await Stream.EventsAsync(2);
        var left = Number(await Stream.FirstLogLineAsync());

        await Stream.AssignAsync(Publish(SensorScript.Echo, "test.other"));
        var stopped = await Stream.ReportAsync(SensorProcessState.Stopped);

        Assert.Equal(("test.sensor", 1L), (stopped.SensorRef, stopped.Generation));
        Assert.False(SensorScript.Lives(left));
        Assert.Contains("bye", await Stream.LogAsync("bye"), StringComparison.Ordinal);
        Assert.Equal("""{"type":"stop"}""", (await Stream.EventsAsync(3))[2].Text());
        Assert.Equal("test.other", bench.Standing.SensorRef);
    }

    [Fact]
    public async Task A_sensor_that_does_not_read_stdin_gets_SIGTERM_with_its_whole_group()
    {
        await Stream.AssignAsync(Publish("trap 'echo terminated >&2; exit 0' TERM; sleep 1000 & echo $! >&2; while :; do wait; done"));
        var left = Number(await Stream.FirstLogLineAsync());

        await Stream.AssignAsync();
        await Stream.ReportAsync(SensorProcessState.Stopped);

        await Stream.LogAsync("terminated");
        Assert.False(SensorScript.Lives(left));
    }

    [Fact]
    public async Task A_sensor_that_never_reads_its_rule_changes_is_stopped_and_started_anew()
    {
        var sensor = Publish("trap '' HUP; sleep 1000 & wait");
        await Stream.AssignAsync(sensor);
        await Stream.ReportAsync(SensorProcessState.Running);
        for (var round = 1; round <= 12; round++)
            await Stream.AssignAsync(sensor.With(each => each.Rules.Add(SensorScript.Rule($"r.{round}", $"\"{new string('x', 1 << 20)}\""))));

        var report = await Stream.ReportAsync(SensorProcessState.BackingOff);

        Assert.Equal("killed by SIGTERM", report.LastError);
        Assert.Contains("bytes of its stdin", await Stream.LogAsync("has not read"), StringComparison.Ordinal);
    }
}
