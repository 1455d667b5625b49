using Attune.Server.Workers;
using Dapper;
using Npgsql;

namespace Attune.Server.Sensors;

/// <summary>
/// Gives every sensor that a rule needs to one agent, takes it back when nothing needs it or its agent is gone, and raises its generation
/// when its process must start anew. Every replica runs it; one at a time decides.
/// </summary>
sealed partial class AssignSensors(NpgsqlDataSource db, TimeProvider clock, ILogger<AssignSensors> logger)
{
    // `inactive` is what LostWork makes of an agent whose lease ran out while a server was there to see it; an agent that is merely
    // disconnected keeps its sensors.
    const string FindUnsettled = $"""
        select s.id, s.ref, s.runtime_ref, n.wanted, n.fingerprint, a.worker, w.name as worker_name, n.must_move, n.is_silent
        from sensor s
        left join runtime r on r.id = s.runtime
        left join sensor_assignment a on a.sensor = s.id
        left join worker w on w.id = a.worker
        cross join lateral (
            select s.enabled and s.runtime_ref <> '{SensorStore.BuiltInRuntime}' and exists (
                    select
                    {SensorStore.NeedingRules}) as wanted,
                md5(jsonb_build_array(
                    s.release_digest, s.entrypoint, s.runtime_ref, r.execution_config, s.config, s.param_schema, s.triggers)::text) as fingerprint,
                coalesce(w.status = 'inactive' or w.draining or w.leaving or w.worker_role = 'action', false) as must_move,
                coalesce(not (w.draining or w.leaving or w.worker_role = 'action'), false) as is_silent
        ) n
        where case
            when not n.wanted then a.worker is not null
            else a.worker is null or n.must_move or a.fingerprint <> n.fingerprint
        end
        order by s.ref
        """;

    // Held for one decision, so that two replicas cannot both give one sensor away.
    const string Lock = "select pg_advisory_xact_lock(hashtextextended('attune.sensors', 0))";

    const string ListHosts = """
        select w.id, w.name, w.runtimes::text as runtimes,
            (select count(*)::int from sensor_assignment a where a.worker = w.id) as sensors,
            (select count(*)::int from execution_queue q where q.worker = w.id) as executions
        from worker w
        where w.worker_role <> 'action'
          and w.connected
          and w.status <> 'inactive'
          and w.lease_expires_at > @now
          and not w.cordoned
          and not w.draining
          and not w.leaving
        """;

    // So many agents of a sensor's past may still bring what they had buffered.
    const int EmittersMax = 16;

    const string Assign = """
        insert into sensor_assignment as a (sensor, worker, generation, fingerprint, emitters, assigned_at)
        select t.sensor, t.worker, nextval('sensor_generation'), t.fingerprint, array[t.worker], @now
        from unnest(@sensors, @workers, @fingerprints) as t (sensor, worker, fingerprint)
        on conflict (sensor) do update
        set worker = excluded.worker, generation = excluded.generation, fingerprint = excluded.fingerprint,
            emitters = (excluded.emitters || array_remove(a.emitters, excluded.worker))[1:@emittersMax],
            assigned_at = case when a.worker = excluded.worker then a.assigned_at else excluded.assigned_at end,
            state = 'assigned', started_at = null, next_start_at = null, failures_in_row = 0
        """;

    const string Release = """
        update sensor_assignment
        set worker = null, state = 'stopped', started_at = null, next_start_at = null, failures_in_row = 0
        where sensor = any(@sensors)
        """;

    /// <summary>Returns how many sensors were decided. Agents hear of it through NOTIFY sensor_changed.</summary>
    public async Task<int> RunAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        if ((await FindAsync(connection, ct)).Count == 0)
            return 0;

        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(Lock, cancellationToken: ct));
        var unsettled = await FindAsync(connection, ct);
        var hosts = unsettled.Any(sensor => sensor.Wanted) ? await ListHostsAsync(connection, ct) : [];
        var decisions = PlaceSensors.Decide(unsettled, hosts);
        await WriteAsync(connection, decisions, ct);
        await transaction.CommitAsync(ct);
        foreach (var decision in decisions)
            Log(decision);
        return decisions.Count;
    }

    static async Task<List<UnsettledSensor>> FindAsync(NpgsqlConnection connection, CancellationToken ct)
        => (await connection.QueryAsync<UnsettledSensor>(new CommandDefinition(FindUnsettled, cancellationToken: ct))).AsList();

    async Task<IReadOnlyList<SensorHost>> ListHostsAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var rows = await connection.QueryAsync<(long Id, string Name, string Runtimes, int Sensors, int Executions)>(
            new CommandDefinition(ListHosts, new { now = clock.GetUtcNow() }, cancellationToken: ct));
        return [.. rows.Select(row => new SensorHost(
            row.Id, row.Name, WorkerMapping.ReadRuntimes(row.Runtimes).Select(each => each.RuntimeRef).ToHashSet(), row.Sensors, row.Executions))];
    }

    async Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<SensorDecision> decisions, CancellationToken ct)
    {
        var given = decisions.Where(decision => decision.To is not null).ToList();
        if (given.Count > 0)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                Assign,
                new
                {
                    sensors = given.Select(each => each.Sensor.Id).ToArray(),
                    workers = given.Select(each => each.To!.Value).ToArray(),
                    fingerprints = given.Select(each => each.Sensor.Fingerprint).ToArray(),
                    emittersMax = EmittersMax,
                    now = clock.GetUtcNow(),
                },
                cancellationToken: ct));
        }

        if (given.Count < decisions.Count)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                Release,
                new { sensors = decisions.Where(decision => decision.To is null).Select(each => each.Sensor.Id).ToArray() },
                cancellationToken: ct));
        }
    }

    void Log(SensorDecision decision)
    {
        var (sensor, from, to) = (decision.Sensor.Ref, decision.Sensor.WorkerName, decision.ToName);
        if (to is null)
            LogReleased(sensor, from);
        else if (from is null || decision.To == decision.Sensor.Worker)
            LogAssigned(sensor, to);
        else
            LogMoved(sensor, from, to);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Sensor {Sensor} runs on agent {Agent}, under a new generation")]
    partial void LogAssigned(string sensor, string agent);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sensor {Sensor} is moved from agent {From} to agent {To}")]
    partial void LogMoved(string sensor, string from, string to);

    [LoggerMessage(Level = LogLevel.Information, Message = "Sensor {Sensor} is taken from agent {Agent}; it runs nowhere")]
    partial void LogReleased(string sensor, string? agent);
}
