using System.Text.Json;
using Dapper;
using Npgsql;

namespace Attune.Server.Dispatch;

/// <summary>A waiting execution that was just given to an agent.</summary>
sealed record ClaimedExecution
{
    public required long Id { get; init; }
    public required int Attempt { get; init; }
    public required int MaxAttempts { get; init; }
    public required string ActionRef { get; init; }
    public required string? ReleaseDigest { get; init; }
    public required string? Config { get; init; }
    public required long TimeoutMs { get; init; }
    public required string EnvVars { get; init; }
    public string? Retry { get; init; }
    public required bool AtLeastOnce { get; init; }

    public IReadOnlyDictionary<string, string> ReadEnvVars()
        => EnvVars is "{}" ? [] : JsonSerializer.Deserialize<Dictionary<string, string>>(EnvVars) ?? [];
}

/// <summary>The SQL that moves executions between the queue and agents.</summary>
sealed class DispatchStore(NpgsqlDataSource db)
{
    // Hops from one placement to the next through the index instead of reading every waiting row.
    const string ListWaiting = """
        with recursive placements as (
            (select placement
             from execution_queue
             where worker is null
             order by placement
             limit 1)
            union all
            select (
                select q.placement
                from execution_queue q
                where q.worker is null
                  and q.placement > p.placement
                order by q.placement
                limit 1)
            from placements p
            where p.placement is not null
        )
        select p.placement
        from placements p
        where p.placement is not null
          and exists (
              select
              from execution_queue q
              where q.worker is null
                and q.placement = p.placement
                and q.run_after <= @now)
        """;

    /// <summary>The placements that something waits for and may run now.</summary>
    public async Task<IReadOnlyList<string>> ListWaitingAsync(DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var keys = await connection.QueryAsync<string>(new CommandDefinition(ListWaiting, new { now }, cancellationToken: ct));
        return keys.AsList();
    }

    const string LockWaiting = """
        select q.execution, q.placement
        from unnest(@keys, @limits) as demand (placement, "limit")
        cross join lateral (
            select execution, placement, priority
            from execution_queue
            where worker is null
              and placement = demand.placement
              and run_after <= @now
            order by priority desc, execution
            limit demand."limit"
            for update skip locked
        ) q
        order by q.priority desc, q.execution
        """;

    const string Assign = """
        with input as (
            select *
            from unnest(@executions, @workers, @names) as t (execution, worker, name)
        ),
        taken as (
            update execution_queue q
            set worker = input.worker, attempt = q.attempt + 1, updated = @now
            from input
            where q.execution = input.execution
            returning q.execution, q.attempt, q.at_least_once, input.name
        )
        update execution e
        set status = 'scheduled', attempt = taken.attempt, worker_name = taken.name, scheduled_at = @now, updated = @now,
            started_at = null, error = null
        from taken
        where e.id = taken.execution
        returning e.id, e.attempt, e.max_attempts, e.action_ref, e.release_digest, e.config::text as config, e.timeout_ms,
            e.env_vars::text as env_vars, e.retry::text as retry, taken.at_least_once
        """;

    /// <summary>
    /// Gives waiting executions to the agents that <paramref name="reserve"/> names, in the queue's order. What finds no agent
    /// stays in the queue. Reservations are kept for what is returned and released here if the transaction fails.
    /// </summary>
    public async Task<IReadOnlyList<(AgentSession Session, ClaimedExecution Row)>> ClaimAsync(
        string[] keys, int[] limits, Func<string, AgentSession?> reserve, DateTimeOffset now, CancellationToken ct)
    {
        var reserved = new Dictionary<long, AgentSession>();
        try
        {
            await using var connection = await db.OpenConnectionAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            var waiting = await connection.QueryAsync<(long Execution, string Placement)>(new CommandDefinition(
                LockWaiting, new { keys, limits, now }, transaction, cancellationToken: ct));
            foreach (var (execution, placement) in waiting)
            {
                if (reserve(placement) is { } session)
                    reserved[execution] = session;
            }

            if (reserved.Count == 0)
                return [];

            var rows = await connection.QueryAsync<ClaimedExecution>(new CommandDefinition(
                Assign,
                new
                {
                    executions = reserved.Keys.ToArray(),
                    workers = reserved.Values.Select(session => session.WorkerId).ToArray(),
                    names = reserved.Values.Select(session => session.Name).ToArray(),
                    now,
                },
                transaction,
                cancellationToken: ct));
            await transaction.CommitAsync(ct);
            return [.. rows.Select(row => (reserved[row.Id], row))];
        }
        catch
        {
            foreach (var session in reserved.Values)
                session.ReleaseReservation();
            throw;
        }
    }

    // Never begun, so it may run elsewhere at once whatever its delivery contract; the attempt it used up is given back.
    const string GiveBack = """
        with input as (
            select *
            from unnest(@executions, @attempts) as t (execution, attempt)
        ),
        freed as (
            update execution_queue q
            set worker = null, run_after = @now
            from input
            where q.execution = input.execution
              and q.attempt = input.attempt
              and q.worker is not null
              and q.cancel_requested_at is null
            returning q.execution
        ),
        cancelled as (
            delete from execution_queue q
            using input
            where q.execution = input.execution
              and q.attempt = input.attempt
              and q.cancel_requested_at is not null
            returning q.execution
        )
        update execution e
        set status = (case when e.status = 'canceling' then 'cancelled' else 'requested' end)::attune.execution_status_enum,
            finished_at = case when e.status = 'canceling' then @now end,
            max_attempts = e.max_attempts + 1, worker_name = null, scheduled_at = null
        where e.id in (select execution from freed union all select execution from cancelled)
          and e.status in ('scheduled', 'running', 'canceling')
        returning e.id
        """;

    /// <summary>Returns those that were still the agent's.</summary>
    public async Task<IReadOnlyList<long>> GiveBackAsync(
        IReadOnlyList<(long Execution, int Attempt)> items, DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var ids = await connection.QueryAsync<long>(new CommandDefinition(
            GiveBack,
            new
            {
                executions = items.Select(item => item.Execution).ToArray(),
                attempts = items.Select(item => item.Attempt).ToArray(),
                now,
            },
            cancellationToken: ct));
        return ids.AsList();
    }

    const string FailUnrunnable = """
        with gone as (
            delete from execution_queue
            where execution = @id and attempt = @attempt
            returning execution
        )
        update execution e
        set status = 'failed', finished_at = @now, error = jsonb_build_object(
                'reason', 'RELEASE_UNAVAILABLE',
                'message', 'What this execution needs is no longer there: the pack release that it is pinned to, or the master key of '
                    || 'its secret parameters. Start the action again.')
        from gone
        where e.id = gone.execution
        """;

    public async Task FailUnrunnableAsync(long id, int attempt, DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(FailUnrunnable, new { id, attempt, now }, cancellationToken: ct));
    }

    const string ListAssigned = """
        select q.worker, q.execution, q.attempt, q.at_least_once, q.cancel_requested_at is not null as cancel_requested,
            e.max_attempts, e.retry::text as retry, e.scheduled_at
        from execution_queue q
        join execution e on e.id = q.execution
        join unnest(@workers, @sessions) as mine (worker, session_id) on mine.worker = q.worker
        join worker w on w.id = q.worker and w.session_id = mine.session_id
        where (e.scheduled_at is null or e.scheduled_at < @before)
        """;

    /// <summary>
    /// Everything that the database gives to these agents since before that time. Nothing for a session that another one has
    /// replaced, maybe on another replica: that one knows.
    /// </summary>
    public async Task<IReadOnlyList<AssignedExecution>> ListAssignedAsync(
        IReadOnlyList<AgentSession> agents, DateTimeOffset before, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<AssignedExecution>(
            new CommandDefinition(
                ListAssigned,
                new
                {
                    workers = agents.Select(session => session.WorkerId).ToArray(),
                    sessions = agents.Select(session => session.SessionId).ToArray(),
                    before,
                },
                cancellationToken: ct));
        return rows.AsList();
    }

    const string ListCancelRequested = """
        select worker, execution
        from execution_queue
        where cancel_requested_at is not null
          and worker = any(@workers)
        """;

    public async Task<IReadOnlyList<(long Worker, long Execution)>> ListCancelRequestedAsync(long[] workers, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<(long, long)>(
            new CommandDefinition(ListCancelRequested, new { workers }, cancellationToken: ct));
        return rows.AsList();
    }
}

sealed record AssignedExecution
{
    public required long Worker { get; init; }
    public required long Execution { get; init; }
    public required int Attempt { get; init; }
    public required bool AtLeastOnce { get; init; }
    public required bool CancelRequested { get; init; }
    public required int MaxAttempts { get; init; }
    public string? Retry { get; init; }
    public DateTimeOffset? ScheduledAt { get; init; }

    public Outstanding ToOutstanding() => new(Attempt, MaxAttempts, StoredRetry.Parse(Retry), AtLeastOnce);
}
