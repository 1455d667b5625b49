using Attune.Agent.Tests.Session;
using Attune.V1;

namespace Attune.Agent.Tests.Sensors;

public sealed class StreamTests
{
    /// <summary>As many events as it is told, each with its number, then silence.</summary>
    static string Counting(int count, int bytes = 1) => $$"""
        read -r start
        padding=$(head -c {{bytes}} /dev/zero | tr '\0' 'x')
        for ((n = 1; n <= {{count}}; n++)); do echo '{"trigger":"test.said","payload":{"n":'$n',"padding":"'$padding'"},"key":"k'$n'"}'; done
        echo finished >&2
        cat >/dev/null
        """;

    static int NumberOf(SensorEvent each) => each.Json().GetProperty("n").GetInt32();

    [Fact]
    public async Task Unacknowledged_events_and_every_report_are_said_again_on_the_next_stream()
    {
        await using var bench = await SensorBench.StartAsync();
        await bench.Stream.AssignAsync(SensorScript.Publish(bench.Plane, Counting(5)));
        await bench.Stream.EventsAsync(5);
        await bench.Stream.AckEventsAsync(2);
        await Soon.UntilAsync(() => bench.Agent.Events.WaitingEvents == 3);
        bench.Stream.Abort();

        var again = await bench.NextStreamAsync();
        var events = await again.EventsAsync(3);

        Assert.Equal([(3L, 3), (4L, 4), (5L, 5)], events.Select(each => (each.Sequence, NumberOf(each))));
        Assert.Equal(
            SensorProcessState.Running,
            Assert.Single(again.Read.SelectMany(message => message.SensorReports), each => each.SensorRef == "test.sensor").State);
    }

    [Fact]
    public async Task While_the_control_plane_is_away_sensors_go_on_and_nothing_they_emit_is_lost_or_said_under_two_sequences()
    {
        await using var bench = await SensorBench.StartAsync();
        var sensor = SensorScript.Publish(bench.Plane, Counting(3000));
        await bench.Stream.AssignAsync(sensor);
        await bench.Stream.EventsAsync(1);
        await bench.Stream.AckEventsAsync(1);
        await Soon.UntilAsync(() => bench.Agent.Events.WaitingEvents > 0);
        var process = bench.Standing.ProcessId;
        await bench.Plane.GoAwayAsync();
        await Soon.UntilAsync(() => bench.Agent.Events.WaitingEvents > 2000);
        await bench.Plane.ComeBackAsync();

        var again = await bench.NextStreamAsync();
        await again.AssignAsync(sensor);
        var through = 0L;
        while (through < 3000)
        {
            var message = await again.UntilAsync(each => each.SensorEvents.Count > 0);
            Assert.InRange(message.SensorEvents.Count, 1, 1000);
            await again.AckEventsAsync(through = message.SensorEvents[^1].Sequence);
        }

        var events = again.Events();
        Assert.Equal(events[0].Sequence, NumberOf(events[0]));
        Assert.Equal(Enumerable.Range(NumberOf(events[0]), events.Count), events.Select(NumberOf));
        Assert.All(events, each => Assert.Equal(each.Sequence, NumberOf(each)));
        Assert.InRange(events[0].Sequence, 1, 1001);
        Assert.Equal(process, bench.Standing.ProcessId);
    }

    [Fact]
    public async Task Fifty_thousand_events_come_once_each_while_the_control_plane_restarts_twice()
    {
        const int All = 50_000;
        await using var bench = await SensorBench.StartAsync();
        await bench.Stream.AssignAsync(SensorScript.Publish(bench.Plane, $$$"""
            read -r start
            seq -f '{"trigger":"test.said","payload":{"n":%.0f}}' 1 {{{All}}}
            read -r stop
            """));
        var stored = new SortedDictionary<long, int>();
        foreach (var leaveAt in (int[])[15_000, 35_000, All])
        {
            while (stored.Count < leaveAt)
            {
                var message = await bench.Stream.UntilAsync(each => each.SensorEvents.Count > 0);
                foreach (var each in message.SensorEvents)
                    Assert.True(stored.TryAdd(each.Sequence, NumberOf(each)) || stored[each.Sequence] == NumberOf(each));
                await bench.Stream.AckEventsAsync(message.SensorEvents[^1].Sequence);
            }

            if (leaveAt == All)
                break;
            await bench.Plane.GoAwayAsync();
            await bench.Plane.ComeBackAsync();
            await bench.NextStreamAsync();
        }

        Assert.Equal(Enumerable.Range(1, All), stored.Values);
        Assert.Equal(Enumerable.Range(1, All).Select(n => (long)n), stored.Keys);
        await Soon.UntilAsync(() => bench.Agent.Events.WaitingEvents == 0);
    }

    [Fact]
    public async Task A_full_buffer_holds_the_sensor_up_instead_of_dropping_anything()
    {
        await using var bench = await SensorBench.StartAsync(eventLimit: 1 << 20);
        await bench.Stream.AssignAsync(SensorScript.Publish(bench.Plane, Counting(600, bytes: 8000)));
        await Soon.UntilAsync(() => bench.Agent.Events.IsFull);
        Assert.InRange(bench.Agent.Events.WaitingBytes, 1, 1 << 20);
        Assert.DoesNotContain("finished", bench.Stream.Log(), StringComparison.Ordinal);

        var numbers = new List<int>();
        while (numbers.Count < 600)
        {
            var message = await bench.Stream.UntilAsync(each => each.SensorEvents.Count > 0);
            numbers.AddRange(message.SensorEvents.Select(NumberOf));
            await bench.Stream.AckEventsAsync(message.SensorEvents[^1].Sequence);
        }

        Assert.Equal(Enumerable.Range(1, 600), numbers);
        await bench.Stream.LogAsync("finished");
    }

    [Fact]
    public async Task A_sensor_whose_events_find_no_room_can_still_be_stopped()
    {
        await using var bench = await SensorBench.StartAsync(eventLimit: 1 << 20);
        await bench.Stream.AssignAsync(SensorScript.Publish(bench.Plane, Counting(600, bytes: 8000)));
        await Soon.UntilAsync(() => bench.Agent.Events.IsFull);
        var process = bench.Standing.ProcessId;

        await bench.Stream.AssignAsync();
        await bench.Stream.ReportAsync(SensorProcessState.Stopped);

        Assert.False(SensorScript.Lives(process));
    }

    [Fact]
    public async Task A_flood_of_events_holds_up_neither_results_nor_rule_changes()
    {
        await using var bench = await SensorBench.StartAsync(WorkerRole.Hybrid);
        await bench.Stream.AssignAsync(SensorScript.Publish(bench.Plane, Counting(20_000, bytes: 200)));
        await bench.Stream.EventsAsync(1000);
        Assert.Equal(1000, bench.Stream.Events().Count);

        await bench.Stream.GiveAsync("builtin:noop", 1);

        Assert.Equal(Outcome.Completed, (await bench.Stream.FinishedAsync(1)).Outcome);
        Assert.Equal(1000, bench.Stream.Events().Count);
    }

    [Fact]
    public async Task A_drain_stops_the_sensors_and_its_end_starts_what_is_still_assigned()
    {
        await using var bench = await SensorBench.StartAsync(WorkerRole.Hybrid);
        await bench.Stream.AssignAsync(SensorScript.Publish(bench.Plane, SensorScript.Echo));
        await bench.Stream.EventsAsync(1);

        await bench.Stream.SendAsync(new() { Drain = new() { Reason = "maintenance" } });
        await bench.Stream.ReportAsync(SensorProcessState.Stopped);
        Assert.Empty(bench.Agent.Parts.Sensors.Standings);
        await bench.Stream.SendAsync(new() { Drain = new() { Lifted = true } });

        await bench.Stream.ReportAsync(SensorProcessState.Running);
    }

    [Fact]
    public async Task A_stop_ends_the_sensors_in_order_and_what_they_said_last_is_sent_by_the_next_start()
    {
        await using var bench = await SensorBench.StartAsync();
        await bench.Stream.AssignAsync(SensorScript.Publish(bench.Plane, """
            while read -r line; do :; done
            echo '{"trigger":"test.said","payload":{"last":"words"}}'
            """));
        await bench.Stream.ReportAsync(SensorProcessState.Running);
        var process = bench.Standing.ProcessId;

        await bench.Agent.RestartAsync();
        var again = await bench.NextStreamAsync();

        Assert.False(SensorScript.Lives(process));
        Assert.Equal("""{"last":"words"}""", Assert.Single(await again.EventsAsync(1)).Text());
        Assert.Empty(bench.Agent.Parts.Sensors.Standings);
    }

    [Fact]
    public async Task An_agent_for_actions_runs_no_sensors()
    {
        await using var bench = await SensorBench.StartAsync(WorkerRole.Action);
        await bench.Stream.AssignAsync(SensorScript.Publish(bench.Plane, SensorScript.Echo));
        await bench.Stream.GiveAsync("builtin:noop", 1);
        await bench.Stream.FinishedAsync(1);

        Assert.Empty(bench.Agent.Parts.Sensors.Standings);
    }
}
