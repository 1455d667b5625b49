using Attune.Testing;
using Attune.V1;
using Google.Protobuf;

namespace Attune.Server.Tests.Sensors;

/// <summary>What sensors emit: stored once, acknowledged after the commit, refused with a reason, never in anybody's way.</summary>
public sealed class SensorEventTests : IAsyncLifetime
{
    SensorBench bench = null!;

    public async Task InitializeAsync() => bench = await SensorBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task An_event_is_recorded_under_its_sensor_and_starts_what_its_rule_says()
    {
        await using var agent = await bench.ConnectAsync("one", WorkerRole.Hybrid);
        await agent.NextSensorAsync("edge.watch", Soon);
        await agent.EmitAsync(Soon, SensorBench.Dropped(1, "/srv/in/a"));

        Assert.Empty((await agent.NextEventAckAsync(1, Soon)).Refusals);
        Assert.Equal(
            $"sensor edge.watch t spool:{agent.SpoolId}:1 /srv/in/a",
            await bench.ReadAsync<string>(
                """
                select concat_ws(' ', e.origin, e.source_ref, e.source = s.id, e.idempotency_key, e.payload ->> 'path')
                from event e
                join sensor s on s.ref = 'edge.watch'
                """));
        Assert.Equal("core.noop processed", await bench.ReadAsync<string>(
            "select x.action_ref || ' ' || f.status from execution x join enforcement f on f.id = x.enforcement"));
        var seen = await bench.GetAsync();
        Assert.Equal((1, 0), (seen.EventCount, seen.RejectedCount));
        Assert.NotNull(seen.LastEventAt);
    }

    [Fact]
    public async Task What_is_brought_again_after_a_reconnect_is_stored_once_and_acknowledged()
    {
        await using var agent = await bench.ConnectAsync("one");
        await agent.NextSensorAsync("edge.watch", Soon);
        var events = Enumerable.Range(1, 300).Select(number => SensorBench.Dropped(number, $"/srv/in/{number}")).ToArray();
        await agent.EmitAsync(Soon, events);
        await agent.NextEventAckAsync(300, Soon);
        await agent.DropAsync();

        await agent.ConnectAsync(Soon);
        await agent.EmitAsync(Soon, [.. events, SensorBench.Dropped(301)]);
        Assert.Empty((await agent.NextEventAckAsync(301, Soon)).Refusals);
        Assert.Equal(301, await bench.ReadAsync<int>("select count(*)::int from event"));
        Assert.Equal(301, await bench.ReadAsync<int>("select count(*)::int from execution"));
        Assert.Equal(301, (await bench.GetAsync()).EventCount);
    }

    [Fact]
    public async Task A_sensors_own_key_makes_an_event_the_same_event_wherever_it_comes_from()
    {
        await using var agent = await bench.ConnectAsync("one");
        await agent.NextSensorAsync("edge.watch", Soon);
        await agent.EmitAsync(Soon, SensorBench.Dropped(1, key: "inode 7"), SensorBench.Dropped(2, key: "inode 7"), SensorBench.Dropped(3, key: "inode 8"));
        await agent.NextEventAckAsync(3, Soon);
        await agent.DropAsync();

        agent.SpoolId = "another disk";
        await agent.ConnectAsync(Soon);
        await agent.EmitAsync(Soon, SensorBench.Dropped(1, key: "inode 7"));
        await agent.NextEventAckAsync(1, Soon);
        Assert.Equal("inode 7, inode 8", await bench.ReadAsync<string>("select string_agg(idempotency_key, ', ' order by id) from event"));
        Assert.Equal(2, (await bench.GetAsync()).EventCount);
    }

    [Fact]
    public async Task What_must_be_refused_is_acknowledged_with_its_reason_and_holds_back_nothing()
    {
        await using var agent = await bench.ConnectAsync("one");
        await agent.NextSensorAsync("edge.watch", Soon);
        await bench.ExecuteAsync("update sensor set triggers = '{edge.file_dropped,edge.changed,edge.gone}' where ref = 'edge.watch'");
        await bench.ExecuteAsync("update trigger set enabled = false where ref = 'edge.changed'");
        await agent.EmitAsync(
            Soon,
            SensorBench.Dropped(1),
            With(2, each => each.Payload = ByteString.CopyFromUtf8("""{"path": 7, "size": 1}""")),
            With(3, each => each.TriggerRef = "edge.changed"),
            With(4, each => each.TriggerRef = "edge.gone"),
            With(5, each => each.TriggerRef = "core.intervaltimer"),
            With(6, each => each.SensorRef = "edge.poll"),
            With(7, each => each.SensorRef = "edge.none"),
            With(8, each => each.Payload = ByteString.CopyFromUtf8("no json")),
            With(9, each => each.Payload = ByteString.CopyFromUtf8($$"""{"path": "{{new string('x', 1024 * 1024)}}"}""")),
            With(10, each => each.IdempotencyKey = new string('k', 256)),
            SensorBench.Dropped(11));

        var refusals = new List<SensorEventRefusal>();
        for (var through = 0L; through < 11;)
        {
            var ack = await agent.NextEventAckAsync(1, Soon);
            refusals.AddRange(ack.Refusals);
            through = ack.ThroughSequence;
        }

        Assert.Equal(
            [
                (2, "PAYLOAD_INVALID"), (3, "TRIGGER_DISABLED"), (4, "TRIGGER_NOT_FOUND"), (5, "TRIGGER_NOT_DECLARED"), (6, "SENSOR_NOT_ASSIGNED"),
                (7, "SENSOR_NOT_FOUND"), (8, "PAYLOAD_INVALID"), (9, "PAYLOAD_TOO_LARGE"), (10, "IDEMPOTENCY_KEY_INVALID"),
            ],
            refusals.Select(each => (each.Sequence, each.Reason)));
        Assert.Equal(2, await bench.ReadAsync<int>("select count(*)::int from event"));
        var seen = await bench.GetAsync();
        Assert.Equal((2, 7), (seen.EventCount, seen.RejectedCount));
        await Waiting.UntilAsync(
            async () => await bench.ReadAsync<int>("select count(*)::int from sensor_log where text like 'attune: event of % refused: %'") == 7,
            "the refusals in the sensor's log", Soon);
        Assert.Contains("size", await bench.ReadAsync<string>("select text from sensor_log order by id limit 1"));

        static SensorEvent With(long sequence, Action<SensorEvent> change)
        {
            var happened = SensorBench.Dropped(sequence);
            change(happened);
            return happened;
        }
    }

    [Fact]
    public async Task What_an_agent_had_buffered_of_a_moved_sensor_still_counts()
    {
        await using var first = await bench.ConnectAsync("first");
        await first.NextSensorAsync("edge.watch", Soon);
        await bench.Server.Workers.DrainWorkerAsync(new() { Name = "first" });
        await first.NextSensorsAsync(list => list.Count == 0, Soon);
        await using var second = await bench.ConnectAsync("second");
        await second.NextSensorAsync("edge.watch", Soon);

        await first.EmitAsync(Soon, SensorBench.Dropped(1, "/srv/in/late"));
        Assert.Empty((await first.NextEventAckAsync(1, Soon)).Refusals);
        await second.EmitAsync(Soon, SensorBench.Dropped(1, "/srv/in/new"));
        Assert.Empty((await second.NextEventAckAsync(1, Soon)).Refusals);
        Assert.Equal(2, (await bench.GetAsync()).EventCount);
    }

    [Fact]
    public async Task What_an_agent_had_buffered_is_taken_when_it_comes_back_for_actions_only()
    {
        await using var agent = await bench.ConnectAsync("one");
        await agent.NextSensorAsync("edge.watch", Soon);
        await agent.DropAsync();
        agent.Role = WorkerRole.Action;
        await agent.ConnectAsync(Soon);

        await agent.EmitAsync(Soon, SensorBench.Dropped(1));
        Assert.Empty((await agent.NextEventAckAsync(1, Soon)).Refusals);
        Assert.Equal(1, await bench.ReadAsync<int>("select count(*)::int from event"));
    }

    [Fact]
    public async Task Heartbeats_and_reports_do_not_wait_behind_events()
    {
        await using var agent = await bench.ConnectAsync("one");
        var sensor = await agent.NextSensorAsync("edge.watch", Soon);
        await using (var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon))
        await using (var transaction = await connection.BeginTransactionAsync(Soon))
        {
            // As a database that is slow to take events.
            await using var command = connection.CreateCommand();
            command.CommandText = "lock table event in exclusive mode";
            await command.ExecuteNonQueryAsync(Soon);
            for (var part = 0; part < 20; part++)
                await agent.EmitAsync(Soon, [.. Enumerable.Range(1 + part * 100, 100).Select(number => SensorBench.Dropped(number))]);

            await agent.SendAsync(new() { Heartbeat = new() }, Soon);
            await agent.NextAsync(message => message.HeartbeatAck is not null, Soon);
            await agent.ReportAsync(sensor, SensorProcessState.Running, Soon);
            await bench.UntilAsync(each => each.State is SensorState.Running, "the report");
            await transaction.CommitAsync(Soon);
        }

        await agent.NextEventAckAsync(2000, Soon);
        Assert.Equal(2000, await bench.ReadAsync<int>("select count(*)::int from event"));
        Assert.True(await bench.ReadAsync<bool>(
            "select array_agg(split_part(idempotency_key, ':', 3)::int order by id) = array(select generate_series(1, 2000)) from event"));
    }

    [Fact]
    public async Task An_event_that_the_database_cannot_store_is_refused_alone()
    {
        await bench.InstallAsync("1.1.0", ("rules/on_change.yaml", SensorBench.Rule("on_change", "edge.changed")));
        await using var agent = await bench.ConnectAsync("one", WorkerRole.Sensor, "core.python");
        await agent.NextSensorAsync("edge.poll", Soon);
        await agent.EmitAsync(Soon, [.. Enumerable.Range(1, 9).Select(number => new SensorEvent
        {
            Sequence = number,
            SensorRef = "edge.poll",
            TriggerRef = "edge.changed",
            Payload = ByteString.CopyFromUtf8(number == 5 ? """{"text": "\u0000"}""" : "{}"),
        })]);

        var refusals = new List<SensorEventRefusal>();
        for (var through = 0L; through < 9;)
        {
            var ack = await agent.NextEventAckAsync(1, Soon);
            refusals.AddRange(ack.Refusals);
            through = ack.ThroughSequence;
        }

        Assert.Equal(5, Assert.Single(refusals).Sequence);
        Assert.Equal(8, await bench.ReadAsync<int>("select count(*)::int from event"));
    }
}
