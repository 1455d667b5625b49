using Attune.Server.Sensors;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Server.Tests.Sensors;

/// <summary>How a sensor's process stands, what it logs, and who may see it.</summary>
public sealed class SensorReportTests : IAsyncLifetime
{
    SensorBench bench = null!;

    public async Task InitializeAsync() => bench = await SensorBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task What_an_agent_reports_of_a_process_is_what_people_see()
    {
        await using var agent = await bench.ConnectAsync("one");
        var sensor = await agent.NextSensorAsync("edge.watch", Soon);
        var given = await bench.GetAsync();
        Assert.Equal((SensorState.Assigned, "one"), (given.State, given.WorkerName));

        await agent.ReportAsync(sensor, SensorProcessState.Running, Soon);
        var running = await bench.UntilAsync(each => each.State is SensorState.Running, "the sensor to run");
        Assert.NotNull(running.StartedAt);
        Assert.StartsWith("It runs on one since ", running.Why);
        Assert.Equal(["edge.on_file"], running.RuleRefs);

        await agent.ReportAsync(sensor, SensorProcessState.BackingOff, Soon, failuresInRow: 3, lastError: "exit code 1: No such file: /srv/in");
        var failing = await bench.UntilAsync(each => each.State is SensorState.BackingOff, "the failure");
        Assert.Equal((3, "exit code 1: No such file: /srv/in"), (failing.FailuresInRow, failing.LastError));
        Assert.StartsWith("Alert: it ended 3 times in a row on one", failing.Why);
        Assert.Contains("No such file", failing.Why);
    }

    [Fact]
    public async Task A_third_end_in_a_row_is_an_alert_once()
    {
        await using var agent = await bench.ConnectAsync("one");
        var sensor = await agent.NextSensorAsync("edge.watch", Soon);
        var store = bench.Server.Services.GetRequiredService<SensorNoteStore>();

        Assert.Empty(await FailAsync(2));
        var alert = Assert.Single(await FailAsync(3));
        Assert.Equal(("edge.watch", "one", 3, "exit code 2"), (alert.Ref, alert.WorkerName, alert.FailuresInRow, alert.LastError));
        Assert.Empty(await FailAsync(4));
        Assert.Empty(await FailAsync(0));
        Assert.Single(await FailAsync(5));

        Task<IReadOnlyList<SensorAlert>> FailAsync(int times) => store.ReportAsync(
            new Dictionary<(long, string), SensorReport>
            {
                [(agent.Welcome!.WorkerId, "edge.watch")] = new()
                {
                    SensorRef = "edge.watch",
                    Generation = sensor.Generation,
                    State = SensorProcessState.BackingOff,
                    FailuresInRow = times,
                    LastError = "exit code 2",
                },
            },
            Soon);
    }

    [Fact]
    public async Task A_report_of_an_earlier_generation_or_of_another_agent_changes_nothing()
    {
        await using var agent = await bench.ConnectAsync("one");
        var old = await agent.NextSensorAsync("edge.watch", Soon);
        await bench.Sensors.RestartSensorAsync(new() { Ref = "edge.watch" });
        var current = (await agent.NextSensorsAsync(list => list[0].Generation > old.Generation, Soon))[0];
        await using var other = await bench.ConnectAsync("other");

        await other.ReportAsync(current, SensorProcessState.BackingOff, Soon, failuresInRow: 9);
        await other.LogAsync("edge.watch", Soon, "forged");
        await agent.ReportAsync(old, SensorProcessState.BackingOff, Soon, failuresInRow: 9);
        await agent.LogAsync("edge.watch", Soon, "after the reports");
        await UntilLoggedAsync("after the reports");
        Assert.Equal((SensorState.Assigned, 0), ((await bench.GetAsync()).State, (await bench.GetAsync()).FailuresInRow));
        Assert.Equal(["after the reports"], await ReadLogAsync(new() { Ref = "edge.watch" }));
    }

    [Fact]
    public async Task A_log_is_read_whole_by_its_tail_from_a_cursor_and_while_it_grows()
    {
        await using var agent = await bench.ConnectAsync("one");
        await agent.NextSensorAsync("edge.watch", Soon);
        await agent.LogAsync("edge.watch", Soon, [.. Enumerable.Range(1, 1000).Select(number => $"line {number}"), "nul \0 here"]);
        await UntilLoggedAsync("nul \uFFFD here");

        Assert.Equal(1001, (await ReadLogAsync(new() { Ref = "edge.watch" })).Count);
        Assert.Equal(["line 1000", "nul \uFFFD here"], await ReadLogAsync(new() { Ref = "edge.watch", Tail = 2 }));
        Assert.Equal(1001, (await ReadLogAsync(new() { Ref = "edge.watch", Tail = 5000 })).Count);

        using var first = bench.Sensors.StreamSensorLogs(new() { Ref = "edge.watch", Tail = 1 });
        Assert.True(await first.ResponseStream.MoveNext(Soon));
        Assert.Equal("one", first.ResponseStream.Current.Lines[0].WorkerName);
        using var followed = bench.Sensors.StreamSensorLogs(new() { Ref = "edge.watch", Follow = true, Cursor = first.ResponseStream.Current.Cursor });
        foreach (var text in new[] { "new 1", "new 2" })
        {
            await agent.LogAsync("edge.watch", Soon, text);
            Assert.True(await followed.ResponseStream.MoveNext(Soon));
            Assert.Equal(text, Assert.Single(followed.ResponseStream.Current.Lines).Text);
        }

        var refused = await RefusedCall.OfAsync(() => ReadLogAsync(new() { Ref = "edge.watch", Cursor = "elsewhere" }));
        Assert.Equal("CURSOR_INVALID", refused.Reason);
    }

    [Fact]
    public async Task A_log_keeps_its_newest_lines_only()
    {
        await using var agent = await bench.ConnectAsync("one");
        await agent.NextSensorAsync("edge.watch", Soon);
        for (var part = 0; part < 8; part++)
        {
            await agent.LogAsync("edge.watch", Soon, [.. Enumerable.Range(part * 1000, 1000).Select(number => $"line {number}")]);
            await UntilLoggedAsync($"line {(part * 1000) + 999}");
        }

        var kept = await ReadLogAsync(new() { Ref = "edge.watch" });
        Assert.InRange(kept.Count, SensorNoteStore.LinesKept, SensorNoteStore.LinesKept + 2000);
        Assert.Equal(Enumerable.Range(8000 - kept.Count, kept.Count).Select(number => $"line {number}"), kept);
    }

    [Fact]
    public async Task Sensors_are_listed_by_ref_with_secrets_hidden_and_filtered()
    {
        await using var agent = await bench.ConnectAsync("one");
        await agent.NextSensorAsync("edge.watch", Soon);
        var all = (await bench.Sensors.ListSensorsAsync(new())).Sensors;
        Assert.Equal(["core.timer_sensor", "edge.poll", "edge.watch"], all.Select(sensor => sensor.Ref));
        Assert.Equal([SensorState.BuiltIn, SensorState.Idle, SensorState.Assigned], all.Select(sensor => sensor.State));
        Assert.Equal("***", all[2].Config.Fields["token"].StringValue);
        Assert.DoesNotContain("hush", all.ToString());

        var first = await bench.Sensors.ListSensorsAsync(new() { PageSize = 2 });
        Assert.Equal(["edge.watch"], (await bench.Sensors.ListSensorsAsync(new() { PageSize = 2, PageToken = first.NextPageToken })).Sensors.Select(each => each.Ref));
        Assert.Equal(["edge.watch"], (await bench.Sensors.ListSensorsAsync(new() { WorkerName = "one" })).Sensors.Select(each => each.Ref));
        Assert.Equal(2, (await bench.Sensors.ListSensorsAsync(new() { PackRef = "edge" })).Sensors.Count);
    }

    [Fact]
    public async Task Who_may_only_read_another_pack_sees_and_changes_nothing_here()
    {
        var anyone = new SensorService.SensorServiceClient(bench.Server.Anonymous);
        var stranger = await bench.LoginWithAsync("""[{"resource": "sensors", "actions": ["*"], "packs": ["core"]}]""");
        Assert.Equal(["core.timer_sensor"], (await anyone.ListSensorsAsync(new(), stranger)).Sensors.Select(sensor => sensor.Ref));
        var viewer = await bench.LoginWithAsync("""[{"resource": "sensors", "actions": ["read"]}]""");
        Assert.Equal("edge.watch", (await anyone.GetSensorAsync(new() { Ref = "edge.watch" }, viewer)).Sensor.Ref);

        foreach (var call in new Func<Task>[]
                 {
                     async () => await anyone.GetSensorAsync(new() { Ref = "edge.watch" }, stranger),
                     async () => await anyone.DisableSensorAsync(new() { Ref = "edge.watch" }, stranger),
                     async () => await anyone.DisableSensorAsync(new() { Ref = "edge.watch" }, viewer),
                     async () => await anyone.EnableSensorAsync(new() { Ref = "edge.watch" }, viewer),
                     async () => await anyone.RestartSensorAsync(new() { Ref = "edge.watch" }, viewer),
                     async () => await anyone.StreamSensorLogs(new() { Ref = "edge.watch" }, stranger).ResponseStream.MoveNext(Soon),
                 })
            Assert.Equal(StatusCode.PermissionDenied, (await RefusedCall.OfAsync(call)).Code);
        Assert.Equal("SENSOR_NOT_FOUND", (await RefusedCall.OfAsync(async () => await bench.GetAsync("edge.none"))).Reason);
    }

    Task UntilLoggedAsync(string text)
        => Waiting.UntilAsync(async () => (await ReadLogAsync(new() { Ref = "edge.watch", Tail = 1 })).Contains(text), $"the line {text}", Soon);

    async Task<List<string>> ReadLogAsync(StreamSensorLogsRequest request)
    {
        using var call = bench.Sensors.StreamSensorLogs(request);
        var lines = new List<string>();
        while (await call.ResponseStream.MoveNext(Soon))
            lines.AddRange(call.ResponseStream.Current.Lines.Select(line => line.Text));
        return lines;
    }
}
