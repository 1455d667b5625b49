using System.Text.Json;
using Attune.Cli.Tests.Planes;
using Attune.Testing;

namespace Attune.Cli.Tests.Commands;

public sealed class SensorTests
{
    [Fact]
    public async Task A_sensor_says_how_it_does_and_why()
    {
        await using var bench = await CliBench.StartAsync();

        var list = (await bench.RunAsync("sensor", "list")).Output;
        var shown = (await bench.RunAsync("sensor", "show", "edge.watch")).Output;

        Assert.Contains("backing off", list);
        Assert.Contains("It ended 4 times in a row and is started again in 30 s.", shown);
        Assert.Contains("exit code 1", shown);
    }

    [Fact]
    public async Task A_restart_is_asked_for()
    {
        await using var bench = await CliBench.StartAsync();

        Assert.Equal(0, (await bench.RunAsync("sensor", "restart", "edge.watch")).ExitCode);
        Assert.Equal(["edge.watch"], bench.Plane.Sensors.Restarted);
    }

    [Fact]
    public async Task Its_log_is_printed_and_ends()
    {
        await using var bench = await CliBench.StartAsync();

        var logs = await bench.RunAsync("sensor", "logs", "edge.watch", "--tail", "2");
        var json = await bench.RunAsync("sensor", "logs", "edge.watch", "-o", "json");

        Assert.Equal(["2026-01-31 12:00:00  edge-1  one", "2026-01-31 12:00:00  edge-1  two"], logs.Output.TrimEnd().Split('\n'));
        Assert.Equal((2, false), (bench.Plane.Sensors.Followed.First().Tail, bench.Plane.Sensors.Followed.First().Follow));
        Assert.Equal(2, JsonDocument.Parse(json.Output).RootElement.GetArrayLength());
    }

    [Fact]
    public async Task A_followed_log_goes_on_after_a_broken_connection_where_it_was()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Sensors.Log = async (request, log, ct) =>
        {
            await log.WriteAsync(new() { Lines = { FakeSensors.Line(request.Cursor is "" ? "one" : "two") }, Cursor = request.Cursor + "x" }, ct);
            if (request.Cursor is not "")
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        };

        await using var logs = bench.Start(null, ["sensor", "logs", "-f", "edge.watch"]);
        await logs.UntilPrintedAsync("two", Waiting.SoonEnough);
        await logs.InterruptAsync(Waiting.SoonEnough);

        Assert.Equal(["", "x"], bench.Plane.Sensors.Followed.Select(each => each.Cursor));
        Assert.Equal(["one", "two"], logs.Output.TrimEnd().Split('\n').Select(line => line.Split("  ")[2]));
    }
}
