using Dapper;
using Npgsql;

namespace Attune.Server.Sensors;

/// <summary>What decides whether an agent may emit in a sensor's name.</summary>
sealed record SensorEmitter
{
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public required string[] Triggers { get; init; }

    /// <summary>The agent has the sensor, or had it and may still bring what it had buffered.</summary>
    public required bool MayEmit { get; init; }
}

/// <summary>What came of a sensor's events in one batch.</summary>
readonly record struct SensorTally(long Sensor, int Accepted, int Rejected);

/// <summary>The SQL beside recording sensors' events: one question and one update for each batch.</summary>
sealed class SensorEventStore(NpgsqlDataSource db, TimeProvider clock)
{
    const string FindEmitters = """
        select s.id, s.ref, s.triggers, coalesce(@worker = any(a.emitters), false) as may_emit
        from sensor s
        left join sensor_assignment a on a.sensor = s.id
        where s.ref = any(@references)
        """;

    public async Task<IReadOnlyDictionary<string, SensorEmitter>> FindEmittersAsync(long worker, string[] references, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<SensorEmitter>(
            new CommandDefinition(FindEmitters, new { worker, references }, cancellationToken: ct));
        return rows.ToDictionary(row => row.Ref);
    }

    // The events are safe already; their count is not worth another wait for the disk.
    const string Hasten = "select set_config('synchronous_commit', 'off', true)";

    const string Count = """
        update sensor_assignment a
        set event_count = a.event_count + t.accepted, rejected_count = a.rejected_count + t.rejected,
            last_event_at = case when t.accepted > 0 then @now else a.last_event_at end, updated = @now
        from unnest(@sensors, @accepted, @rejected) as t (sensor, accepted, rejected)
        where a.sensor = t.sensor
        """;

    public async Task CountAsync(IReadOnlyCollection<SensorTally> tallies, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new(Hasten));
        batch.BatchCommands.Add(new(Count)
        {
            Parameters =
            {
                new("sensors", tallies.Select(each => each.Sensor).ToArray()),
                new("accepted", tallies.Select(each => each.Accepted).ToArray()),
                new("rejected", tallies.Select(each => each.Rejected).ToArray()),
                new("now", clock.GetUtcNow()),
            },
        });
        await batch.ExecuteNonQueryAsync(ct);
    }
}
