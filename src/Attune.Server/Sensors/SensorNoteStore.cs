using Attune.V1;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Sensors;

readonly record struct SensorLogRow(string SensorRef, long Worker, string WorkerName, DateTimeOffset Time, string Text);

/// <summary>A sensor that has just ended for the third time in a row.</summary>
sealed record SensorAlert
{
    public required string Ref { get; init; }
    public required string WorkerName { get; init; }
    public required int FailuresInRow { get; init; }
    public string? LastError { get; init; }
}

/// <summary>The guarded bulk writes of sensors' reports and logs.</summary>
sealed class SensorNoteStore(NpgsqlDataSource db, TimeProvider clock)
{
    /// <summary>The newest lines of each sensor that are kept.</summary>
    public const int LinesKept = 5_000;

    // Trimmed again after so many more, so that the table is bounded whatever a sensor writes.
    const int LinesBetweenTrims = 1_000;
    const int ErrorLengthMax = 4_096;

    // Written by this replica since it last trimmed the sensor's log.
    readonly Dictionary<string, int> untrimmed = [];

    // Guarded: an agent speaks for the generation that it has now. What it says of an earlier one is past.
    const string Report = """
        with said as (
            select a.id, a.failures_in_row as before, s.ref, w.name as worker_name, t.state, t.started_at, t.next_start_at,
                t.failures_in_row, t.last_error
            from unnest(@references, @workers, @generations, @states, @started, @next, @failures, @errors)
                as t (ref, worker, generation, state, started_at, next_start_at, failures_in_row, last_error)
            join sensor s on s.ref = t.ref
            join sensor_assignment a on a.sensor = s.id and a.worker = t.worker and a.generation = t.generation
            join worker w on w.id = a.worker
            order by a.id
            for update of a
        ),
        written as (
            update sensor_assignment a
            set state = said.state, started_at = said.started_at, next_start_at = said.next_start_at,
                failures_in_row = said.failures_in_row, last_error = coalesce(nullif(said.last_error, ''), a.last_error), updated = @now
            from said
            where a.id = said.id
            returning a.id, a.last_error
        )
        select said.ref, said.worker_name, said.failures_in_row, written.last_error
        from said
        join written on written.id = said.id
        where said.before < @alertAfter
          and said.failures_in_row >= @alertAfter
        """;

    /// <summary>Returns those whose failures have become an alert.</summary>
    public async Task<IReadOnlyList<SensorAlert>> ReportAsync(
        IReadOnlyDictionary<(long Worker, string Sensor), SensorReport> reports, CancellationToken ct)
    {
        if (reports.Count == 0)
            return [];

        var all = reports.Values;
        await using var connection = await db.OpenConnectionAsync(ct);
        var alerts = await connection.QueryAsync<SensorAlert>(new CommandDefinition(
            Report,
            new
            {
                references = all.Select(each => each.SensorRef).ToArray(),
                workers = reports.Keys.Select(each => each.Worker).ToArray(),
                generations = all.Select(each => each.Generation).ToArray(),
                states = all.Select(each => each.State.ToText()).ToArray(),
                started = all.Select(each => each.StartedAt?.ToDateTimeOffset()).ToArray(),
                next = all.Select(each => each.NextStartAt?.ToDateTimeOffset()).ToArray(),
                failures = all.Select(each => Math.Max(0, each.FailuresInRow)).ToArray(),
                errors = all.Select(each => Cut(each.LastError)).ToArray(),
                alertAfter = SensorStanding.AlertAfter,
                now = clock.GetUtcNow(),
            },
            cancellationToken: ct));
        return alerts.AsList();
    }

    // One writer at a time over all replicas: a reader that goes on after the last id must not miss a smaller one that commits later.
    const string Lock = "select pg_advisory_xact_lock(hashtextextended('attune.sensor_log', 0))";

    // Joined, not trusted: an agent writes into the logs of sensors that it has or had.
    const string Append = """
        insert into sensor_log (sensor, worker_name, logged_at, text)
        select s.id, t.worker_name, t.logged_at, t.text
        from unnest(@references, @workers, @names, @times, @texts) with ordinality
            as t (ref, worker, worker_name, logged_at, text, place)
        join sensor s on s.ref = t.ref
        join sensor_assignment a on a.sensor = s.id and t.worker = any(a.emitters)
        order by t.place
        """;

    const string Trim = """
        delete from sensor_log l
        using (
            select s.id as sensor, (
                select k.id
                from sensor_log k
                where k.sensor = s.id
                order by k.id desc
                offset @kept
                limit 1) as last
            from sensor s
            where s.ref = any(@references)
        ) old
        where l.sensor = old.sensor
          and l.id <= old.last
        """;

    /// <summary>One transaction in one round trip. Called by one loop.</summary>
    public async Task AppendAsync(IReadOnlyList<SensorLogRow> rows, CancellationToken ct)
    {
        if (rows.Count == 0)
            return;

        foreach (var row in rows)
            untrimmed[row.SensorRef] = untrimmed.GetValueOrDefault(row.SensorRef) + 1;
        var tooLong = untrimmed.Where(each => each.Value >= LinesBetweenTrims).Select(each => each.Key).ToArray();

        await using var connection = await db.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new(Lock));
        batch.BatchCommands.Add(new(Append)
        {
            Parameters =
            {
                new("references", rows.Select(row => row.SensorRef).ToArray()),
                new("workers", rows.Select(row => row.Worker).ToArray()),
                new("names", rows.Select(row => row.WorkerName).ToArray()),
                new("times", NpgsqlDbType.Array | NpgsqlDbType.TimestampTz) { Value = rows.Select(row => row.Time.ToUniversalTime()).ToArray() },
                new("texts", rows.Select(row => row.Text).ToArray()),
            },
        });
        if (tooLong.Length > 0)
            batch.BatchCommands.Add(new(Trim) { Parameters = { new("kept", LinesKept), new("references", tooLong) } });
        await batch.ExecuteNonQueryAsync(ct);
        foreach (var reference in tooLong)
            untrimmed.Remove(reference);
    }

    static string Cut(string text) => (text.Length <= ErrorLengthMax ? text : text[..ErrorLengthMax]).Replace('\0', '\uFFFD');
}
