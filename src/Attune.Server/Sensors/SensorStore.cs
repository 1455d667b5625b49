using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Sensors;

/// <summary>What people see and change of sensors.</summary>
sealed class SensorStore(NpgsqlDataSource db)
{
    /// <summary>Of the sensors that are part of the control plane.</summary>
    public const string BuiltInRuntime = "core.sensor_builtin";

    /// <summary>For a subquery beside `sensor s`: the rules `x` that need it, with their trigger `t`.</summary>
    public const string NeedingRules = """
        from rule x
        join trigger t on t.ref = x.trigger_ref
        where x.trigger_ref = any(s.triggers)
          and x.enabled
          and t.enabled
        """;

    const string Select = $"""
        select s.id, s.ref, coalesce(s.pack_ref, '') as pack_ref, s.label, s.description, s.enabled, s.is_adhoc, s.runtime_ref, s.entrypoint,
            s.triggers, s.param_schema::text as param_schema, s.config::text as config, s.tags, s.created, s.updated,
            w.name as worker_name, coalesce(w.connected, false) as worker_connected, w.lease_expires_at, a.assigned_at, a.state,
            a.started_at, a.next_start_at, coalesce(a.failures_in_row, 0) as failures_in_row, a.last_error,
            coalesce(a.event_count, 0) as event_count, a.last_event_at, coalesce(a.rejected_count, 0) as rejected_count,
            array(
                select x.ref
                {NeedingRules}
                order by x.ref) as rule_refs
        from sensor s
        left join sensor_assignment a on a.sensor = s.id
        left join worker w on w.id = a.worker
        """;

    const string FindOne = $"""
        {Select}
        where s.ref = @reference
        """;

    public async Task<SensorRow?> FindAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<SensorRow>(new CommandDefinition(FindOne, new { reference }, cancellationToken: ct));
    }

    const string ListPage = $"""
        {Select}
        where s.ref > @after
          and (@packs::text[] is null or s.pack_ref = any(@packs))
          and (@pack = '' or s.pack_ref = @pack)
          and (@worker = '' or w.name = @worker)
        order by s.ref
        limit @limit
        """;

    /// <param name="page">By ref.</param>
    /// <param name="packs">Only of these, by permission; null for all.</param>
    /// <param name="pack">Only of this one; empty for any.</param>
    /// <param name="worker">Only those that this agent has; empty for all.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<IReadOnlyList<SensorRow>> ListAsync(
        PageRequest<string> page, IReadOnlyList<string>? packs, string pack, string worker, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<SensorRow>(new CommandDefinition(
            ListPage, new { after = page.After, packs = packs?.ToArray(), pack, worker, limit = page.Limit }, cancellationToken: ct))).AsList();
    }

    const string ListAgents = """
        select name, connected and status <> 'inactive' as connected, cordoned, draining or leaving as draining, runtimes::text as runtimes
        from worker
        where worker_role <> 'action'
        order by name
        """;

    /// <summary>Every agent whose role takes sensors.</summary>
    public async Task<IReadOnlyList<SensorAgentRow>> ListAgentsAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<SensorAgentRow>(new CommandDefinition(ListAgents, cancellationToken: ct))).AsList();
    }

    const string SetEnabled = """
        update sensor
        set enabled = @enabled
        where ref = @reference
          and enabled <> @enabled
        """;

    public async Task SetEnabledAsync(string reference, bool enabled, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(SetEnabled, new { reference, enabled }, cancellationToken: ct));
    }

    const string Restart = """
        update sensor_assignment a
        set generation = nextval('sensor_generation'), state = 'assigned', started_at = null, next_start_at = null, failures_in_row = 0
        from sensor s
        where s.ref = @reference
          and a.sensor = s.id
          and a.worker is not null
        """;

    /// <summary>False: no agent has it.</summary>
    public async Task<bool> RestartAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(new CommandDefinition(Restart, new { reference }, cancellationToken: ct)) > 0;
    }
}
