using Attune.Server.Dispatch;
using Attune.Server.Keys;
using Attune.V1;
using Dapper;
using Npgsql;

namespace Attune.Server.Sensors;

/// <summary>
/// Tells this replica's agents which sensors they have and which rules those serve: whole, and only when something changed for the agent.
/// One loop calls it, so that what was read last is also sent last.
/// </summary>
sealed partial class PushSensors(NpgsqlDataSource db, AgentSessions sessions, DescribeSensor describe, ILogger<PushSensors> logger)
{
    const string ListAssigned = """
        select a.worker, s.id, s.ref, a.generation, coalesce(s.pack_ref, '') as pack_ref, coalesce(p.version, '') as pack_version,
            coalesce(s.release_digest, p.release_digest, '') as release_digest, s.entrypoint, s.runtime_ref,
            r.execution_config::text as execution_config, s.config::text as config, s.param_schema::text as param_schema, s.triggers
        from sensor_assignment a
        join sensor s on s.id = a.sensor
        left join pack p on p.id = s.pack
        left join runtime r on r.id = s.runtime
        where a.worker = any(@workers)
        order by a.worker, s.ref
        """;

    const string ListRules = $"""
        select s.id as sensor, x.ref, x.trigger_ref, x.trigger_params::text as trigger_params
        from sensor_assignment a
        join sensor s on s.id = a.sensor
        cross join lateral (
            select x.ref, x.trigger_ref, x.trigger_params
            {SensorStore.NeedingRules}
        ) x
        where a.worker = any(@workers)
        order by s.id, x.ref
        """;

    // Apart from the rules, because thousands of those may share one trigger.
    const string ListTriggers = """
        select t.ref, t.param_schema::text as param_schema
        from trigger t
        where t.ref in (
            select unnest(s.triggers)
            from sensor_assignment a
            join sensor s on s.id = a.sensor
            where a.worker = any(@workers))
        """;

    public async Task RunAsync(CancellationToken ct)
    {
        var takers = sessions.All.Where(session => session.TakesSensors).ToList();
        if (takers.Count == 0)
            return;

        var lists = takers.Select(session => session.WorkerId).Distinct().ToDictionary(worker => worker, _ => new SensorAssignments());
        await FillAsync(lists, ct);
        foreach (var session in takers)
        {
            var list = lists[session.WorkerId];
            if (list.Equals(session.SentSensors))
                continue;
            session.SentSensors = list;
            session.Send(control => control.Sensors = list);
        }
    }

    async Task FillAsync(Dictionary<long, SensorAssignments> lists, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var found = await connection.QueryMultipleAsync(new CommandDefinition(
            $"{ListAssigned};{ListRules};{ListTriggers}", new { workers = lists.Keys.ToArray() }, cancellationToken: ct));
        var sensors = (await found.ReadAsync<AssignedSensorRow>()).AsList();
        var rules = (await found.ReadAsync<SensorRuleRow>()).ToLookup(rule => rule.Sensor);
        var schemas = (await found.ReadAsync<(string Ref, string? ParamSchema)>()).ToDictionary(row => row.Ref, row => row.ParamSchema);
        var reading = new SchemaReadings();
        foreach (var sensor in sensors)
        {
            try
            {
                lists[sensor.Worker].Sensors.Add(describe.Run(sensor, rules[sensor.Id], schemas, reading));
            }
            catch (SecretBoxException exception)
            {
                // One sensor's secret must not stop the others.
                LogNotOpened(exception, sensor.Ref);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A secret of sensor {Sensor} could not be opened; its agent is not given the sensor")]
    partial void LogNotOpened(Exception exception, string sensor);
}

sealed record AssignedSensorRow
{
    public required long Worker { get; init; }
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public required long Generation { get; init; }
    public required string PackRef { get; init; }
    public required string PackVersion { get; init; }
    public required string ReleaseDigest { get; init; }
    public required string Entrypoint { get; init; }
    public required string RuntimeRef { get; init; }
    public string? ExecutionConfig { get; init; }
    public string? Config { get; init; }
    public string? ParamSchema { get; init; }
    public required string[] Triggers { get; init; }
}

sealed record SensorRuleRow
{
    public required long Sensor { get; init; }
    public required string Ref { get; init; }
    public required string TriggerRef { get; init; }
    public required string TriggerParams { get; init; }
}
