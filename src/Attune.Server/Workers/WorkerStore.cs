using System.Text.Json;
using Attune.Server.Dispatch;
using Attune.V1;
using Dapper;
using Google.Protobuf;
using Npgsql;

namespace Attune.Server.Workers;

/// <summary>An agent's row, for people.</summary>
public sealed record WorkerRow
{
    public required long Id { get; init; }
    public required string Name { get; init; }
    public required string WorkerRole { get; init; }
    public required string WorkerType { get; init; }
    public required string Status { get; init; }
    public required string Labels { get; init; }
    public required int Slots { get; init; }
    public required int SlotsInUse { get; init; }
    public required bool Connected { get; init; }
    public required bool Cordoned { get; init; }
    public required bool Draining { get; init; }
    public DateTimeOffset? DrainDeadline { get; init; }
    public string? DrainReason { get; init; }
    public string? AgentVersion { get; init; }
    public required string Runtimes { get; init; }
    public required string Resources { get; init; }
    public DateTimeOffset? LastHeartbeat { get; init; }
    public DateTimeOffset? LeaseExpiresAt { get; init; }
    public DateTimeOffset? CertificateExpiresAt { get; init; }
    public required DateTimeOffset Created { get; init; }
    public required DateTimeOffset Updated { get; init; }
}

/// <summary>What a Hello changes and what it must know.</summary>
public sealed record RegisteredWorker
{
    public required long Id { get; init; }
    public string? EarlierSpoolId { get; init; }
    public required string Labels { get; init; }
    public required bool Cordoned { get; init; }
    public required bool Draining { get; init; }
    public DateTimeOffset? DrainDeadline { get; init; }
    public string? DrainReason { get; init; }
}

/// <summary>The SQL of table worker; joining has its own (Joining/).</summary>
sealed class WorkerStore(NpgsqlDataSource db)
{
    // The join token's labels win over the agent's own, and its role bounds the agent's. The row itself is made when it joins.
    const string Register = """
        with token as (
            select role, labels
            from join_token
            where worker_name = @name
              and used_at is not null
            order by used_at desc
            limit 1
        ),
        earlier as (
            select id, spool_id
            from worker
            where name = @name
              and not exists (select from token where role::text not in ('hybrid', @role))
            for update
        )
        update worker w
        set worker_role = @role::attune.worker_role_enum, worker_type = @type::attune.worker_type_enum, status = 'active',
            labels = @labels::jsonb || coalesce((select labels from token), '{}'), slots = @slots, agent_version = @agentVersion,
            protocol_version = @protocolVersion, runtimes = @runtimes::jsonb, resources = @resources::jsonb, host = @host,
            connected = true, leaving = @leaving,
            -- While work is assigned that the earlier spool knew of, its id stays: what the new one does not name is lost, not unbegun.
            spool_id = case
                when w.spool_id is distinct from @spoolId and exists (select from execution_queue q where q.worker = w.id) then w.spool_id
                else @spoolId
            end,
            session_id = @sessionId, replica = @replica, last_heartbeat = @now,
            lease_expires_at = @leaseExpiresAt
        from earlier
        where w.id = earlier.id
        returning w.id, earlier.spool_id as earlier_spool_id, w.labels::text as labels, w.cordoned, w.draining, w.drain_deadline,
            w.drain_reason
        """;

    /// <summary>Null: no agent of that name has joined, or not for that role.</summary>
    public async Task<RegisteredWorker?> RegisterAsync(
        Hello hello, Guid sessionId, string replica, DateTimeOffset now, DateTimeOffset leaseExpiresAt, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<RegisteredWorker>(new CommandDefinition(
            Register,
            new
            {
                name = hello.Name,
                role = WorkerMapping.RoleText(hello.Role),
                type = WorkerMapping.TypeText(hello.Type),
                labels = JsonSerializer.Serialize(hello.Labels),
                slots = hello.Slots,
                agentVersion = hello.AgentVersion,
                protocolVersion = hello.ProtocolVersion,
                runtimes = WorkerMapping.RuntimesJson(hello.Runtimes),
                resources = hello.Resources is null ? "{}" : JsonFormatter.Default.Format(hello.Resources),
                host = hello.Resources?.Hostname,
                leaving = hello.Draining,
                spoolId = hello.SpoolId,
                sessionId,
                replica,
                now,
                leaseExpiresAt,
            },
            cancellationToken: ct));
    }

    const string ReplaceSpool = """
        update worker
        set spool_id = @spoolId
        where id = @id
          and session_id = @sessionId
        """;

    public async Task ReplaceSpoolAsync(long id, Guid sessionId, string spoolId, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(ReplaceSpool, new { id, sessionId, spoolId }, cancellationToken: ct));
    }

    const string SetRuntimes = """
        update worker
        set runtimes = @runtimes::jsonb
        where id = @id
        """;

    public async Task SetRuntimesAsync(long id, string runtimes, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(SetRuntimes, new { id, runtimes }, cancellationToken: ct));
    }

    const string SetLeaving = """
        update worker
        set leaving = @leaving
        where id = @id
          and session_id = @sessionId
        """;

    /// <summary>What the agent itself says of its stay.</summary>
    public async Task SetLeavingAsync(long id, Guid sessionId, bool leaving, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(SetLeaving, new { id, sessionId, leaving }, cancellationToken: ct));
    }

    // Guarded by the session: an agent that has reconnected elsewhere is not marked by its old stream's end.
    const string Disconnect = """
        update worker w
        set connected = false,
            status = (case
                when @leaving and not exists (select from execution_queue q where q.worker = w.id) then 'inactive'
                else w.status::text
            end)::attune.worker_status_enum
        where id = @id
          and session_id = @sessionId
        """;

    public async Task DisconnectAsync(long id, Guid sessionId, bool leaving, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(Disconnect, new { id, sessionId, leaving }, cancellationToken: ct));
    }

    const string Heartbeat = """
        update worker w
        set last_heartbeat = @now, lease_expires_at = @leaseExpiresAt, status = 'active', connected = true
        from unnest(@ids, @sessions) as t (id, session_id)
        where w.id = t.id
          and w.session_id = t.session_id
        """;

    public async Task HeartbeatAsync(
        IReadOnlyList<(long Id, Guid Session)> heartbeats, DateTimeOffset now, DateTimeOffset leaseExpiresAt, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            Heartbeat,
            new
            {
                ids = heartbeats.Select(each => each.Id).ToArray(),
                sessions = heartbeats.Select(each => each.Session).ToArray(),
                now,
                leaseExpiresAt,
            },
            cancellationToken: ct));
    }

    const string Select = """
        select w.id, w.name, w.worker_role::text as worker_role, w.worker_type::text as worker_type, w.status::text as status,
            w.labels::text as labels, w.slots, (select count(*)::int from execution_queue q where q.worker = w.id) as slots_in_use,
            w.connected, w.cordoned, w.draining, w.drain_deadline, w.drain_reason, w.agent_version, w.runtimes::text as runtimes,
            w.resources::text as resources, w.last_heartbeat, w.lease_expires_at, w.certificate_expires_at, w.created, w.updated
        from worker w
        """;

    const string FindByName = $"""
        {Select}
        where w.name = @name
        """;

    public async Task<WorkerRow?> FindAsync(string name, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<WorkerRow>(
            new CommandDefinition(FindByName, new { name }, cancellationToken: ct));
    }

    const string ListByName = $"""
        {Select}
        where w.name > @after
          and (cardinality(@statuses::text[]) = 0 or w.status::text = any(@statuses))
          and w.labels @> @labels::jsonb
        order by w.name
        limit @limit
        """;

    public async Task<IReadOnlyList<WorkerRow>> ListAsync(
        string after, string[] statuses, string labels, int limit, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<WorkerRow>(
            new CommandDefinition(ListByName, new { after, statuses, labels, limit }, cancellationToken: ct));
        return rows.AsList();
    }

    const string SetAvailability = """
        update worker
        set cordoned = @cordoned, draining = @draining, drain_deadline = @deadline, drain_reason = @reason
        where name = @name
        returning id
        """;

    /// <summary>False: no such agent.</summary>
    public async Task<bool> SetAvailabilityAsync(
        string name, bool cordoned, bool draining, DateTimeOffset? deadline, string? reason, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<long?>(new CommandDefinition(
            SetAvailability, new { name, cordoned, draining, deadline, reason }, cancellationToken: ct)) is not null;
    }

    const string ListAvailability = """
        select id, session_id, status = 'inactive' as lease_ended, cordoned, draining, drain_deadline, drain_reason
        from worker
        where id = any(@ids)
        """;

    public async Task<IReadOnlyList<WorkerAvailability>> ListAvailabilityAsync(long[] ids, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<WorkerAvailability>(
            new CommandDefinition(ListAvailability, new { ids }, cancellationToken: ct));
        return rows.AsList();
    }

    const string UpsertEnvironments = """
        insert into pack_environment (
            pack, pack_ref, runtime, runtime_ref, worker, worker_name, release_digest, env_path, status, install_log, install_error,
            installed_at, last_verified)
        select p.id, p.ref, r.id, r.ref, @worker, @workerName, @digest, @path, @status::attune.pack_environment_status_enum,
            nullif(@log, ''), nullif(@error, ''), case when @status = 'ready' then @time end, @time
        from pack p, runtime r
        where p.ref = @pack and r.ref = @runtime
        on conflict (pack, runtime, worker) do update
        set release_digest = excluded.release_digest, env_path = excluded.env_path, status = excluded.status,
            install_log = excluded.install_log, install_error = excluded.install_error,
            installed_at = coalesce(excluded.installed_at, pack_environment.installed_at), last_verified = excluded.last_verified
        """;

    /// <summary>A report about a pack that is gone is dropped.</summary>
    public async Task SaveEnvironmentAsync(AgentSession session, EnvironmentReport report, DateTimeOffset time, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            UpsertEnvironments,
            new
            {
                worker = session.WorkerId,
                workerName = session.Name,
                digest = report.ReleaseDigest,
                path = report.EnvPath,
                status = WorkerMapping.EnvironmentText(report.Status),
                log = report.InstallLog.Replace('\0', '\uFFFD'),
                error = report.InstallError.Replace('\0', '\uFFFD'),
                time,
                pack = report.PackRef,
                runtime = report.RuntimeRef,
            },
            cancellationToken: ct));
    }
}

public sealed record WorkerAvailability
{
    public required long Id { get; init; }

    /// <summary>The agent's newest session, on whichever replica.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>Its stream is open and yet it said nothing for a whole lease.</summary>
    public required bool LeaseEnded { get; init; }
    public required bool Cordoned { get; init; }
    public required bool Draining { get; init; }
    public DateTimeOffset? DrainDeadline { get; init; }
    public string? DrainReason { get; init; }
}
