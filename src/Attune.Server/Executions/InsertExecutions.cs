using System.Text.Json;
using Attune.Server.Dispatch;
using Attune.Server.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Executions;

/// <summary>
/// Stores new executions, many callers' in one commit. Those for which an agent has a slot free are stored as already
/// scheduled to it and leave for it right after the commit: no second write, no wait for the dispatcher. The others wait in
/// the queue. Either way the commit that holds the row comes first.
/// </summary>
sealed partial class InsertExecutions(
    NpgsqlDataSource db, Dispatcher dispatcher, TimeProvider clock, ILogger<InsertExecutions> logger) : IAsyncDisposable
{
    const int RequestsPerCommit = 256;

    GroupWriter<NewExecutions, StoredExecutions>? writer;

    GroupWriter<NewExecutions, StoredExecutions> Writer
        => LazyInitializer.EnsureInitialized(ref writer, () => new(WriteAsync, RequestsPerCommit));

    /// <summary>Ends after the commit.</summary>
    public ValueTask<StoredExecutions> RunAsync(NewExecutions executions, CancellationToken ct) => Writer.WriteAsync(executions, ct);

    public ValueTask DisposeAsync() => writer?.DisposeAsync() ?? ValueTask.CompletedTask;

    const string InsertBulk = """
        with input as (
            select *
            from unnest(
                @actions::bigint[], @refs::text[], @configs::text[], @executors::bigint[], @priorities::smallint[],
                @timeouts::bigint[], @labels::text[], @env_vars::text[], @digests::text[], @at_least_once::bool[],
                @max_attempts::int[], @retries::text[], @reruns::bigint[], @workers::bigint[], @worker_names::text[],
                @placements::text[])
                with ordinality as t (
                    action, action_ref, config, executor, priority, timeout_ms, worker_labels, env_vars, release_digest,
                    at_least_once, max_attempts, retry, rerun_of, worker, worker_name, placement, position)
        ),
        stored as (
            insert into execution (
                action, action_ref, config, executor, priority, timeout_ms, worker_labels, env_vars, release_digest,
                at_least_once, max_attempts, retry, rerun_of, status, worker_name, attempt, scheduled_at, created, updated)
            select
                action, action_ref, config::jsonb, nullif(executor, 0), priority, timeout_ms, worker_labels::jsonb, env_vars::jsonb,
                release_digest, at_least_once, max_attempts, retry::jsonb, rerun_of,
                (case when worker is null then 'requested' else 'scheduled' end)::attune.execution_status_enum,
                worker_name, case when worker is null then 0 else 1 end, case when worker is null then null else @now end,
                @now, @now
            from input
            order by position
            returning id
        ),
        numbered as (
            select id, row_number() over (order by id) as position
            from stored
        ),
        queued as (
            insert into execution_queue (execution, worker, attempt, priority, placement, run_after, at_least_once)
            select
                numbered.id, input.worker, case when input.worker is null then 0 else 1 end, input.priority, input.placement,
                @now, input.at_least_once
            from numbered
            join input using (position)
        )
        select id
        from stored
        order by id
        """;

    async Task<IReadOnlyList<StoredExecutions>> WriteAsync(IReadOnlyList<NewExecutions> requests, CancellationToken ct)
    {
        var repeated = requests.Any(request => request.RequestId is not "");
        await using var connection = await db.OpenConnectionAsync(ct);
        if (!repeated)
            return await InsertAsync(connection, null, requests, ct);

        // A caller's request id and its executions stand or fall together, so this batch needs an explicit transaction.
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var earlier = await StartRequests.ClaimAsync(connection, transaction, requests, ct);
        var fresh = requests.Where((_, index) => earlier[index] is null).ToList();
        var stored = fresh.Count == 0 ? [] : await InsertAsync(connection, transaction, fresh, ct);
        return Merge(earlier, stored);
    }

    async Task<IReadOnlyList<StoredExecutions>> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, IReadOnlyList<NewExecutions> requests, CancellationToken ct)
    {
        var rows = requests.SelectMany(request => request.Items, (request, item) => (request.ExecutorId, Item: item)).ToArray();
        var now = clock.GetUtcNow();
        var reserved = new AgentSession?[rows.Length];
        long[] ids;
        List<StoredExecutions> stored;
        try
        {
            for (var i = 0; i < rows.Length; i++)
                reserved[i] = dispatcher.TryReserve(rows[i].Item.Requirement);

            ids = await ExecuteInsertAsync(connection, rows, reserved, now, ct);
            stored = Split(requests, ids, reserved, now);
            if (transaction is not null)
            {
                await StartRequests.AnswerAsync(connection, transaction, requests, stored, ct);
                await transaction.CommitAsync(ct);
            }

        }
        catch (Exception exception)
        {
            foreach (var session in reserved)
                session?.ReleaseReservation();
            LogFailed(exception, rows.Length);
            throw;
        }

        // Outside: what happens after the commit must not make anyone store it again.
        Deliver(rows, ids, reserved);
        return stored;
    }

    void Deliver((long ExecutorId, NewExecution Item)[] rows, long[] ids, AgentSession?[] reserved)
    {
        var assignments = new List<Assignment>(rows.Length);
        var waiting = false;
        for (var i = 0; i < rows.Length; i++)
        {
            var item = rows[i].Item;
            if (reserved[i] is { } session)
            {
                assignments.Add(new Assignment
                {
                    Session = session,
                    ExecutionId = ids[i],
                    Attempt = 1,
                    MaxAttempts = item.Action.RetryPolicy.MaxAttempts,
                    Retry = item.Action.RetryPolicy,
                    AtLeastOnce = item.Action.AtLeastOnce,
                    Spec = item.Action.Spec,
                    PermissionSets = item.Action.PermissionSets,
                    Parameters = item.Parameters,
                    Timeout = item.Timeout,
                    EnvVars = item.EnvVars,
                });
                reserved[i] = null;
            }
            else
            {
                dispatcher.NoteWaiting(item.Requirement);
                waiting = true;
            }
        }

        dispatcher.Deliver(assignments);
        if (waiting)
            dispatcher.Wake();
    }

    static async Task<long[]> ExecuteInsertAsync(
        NpgsqlConnection connection, (long ExecutorId, NewExecution Item)[] rows, AgentSession?[] reserved, DateTimeOffset now,
        CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(InsertBulk, connection);
        void Add<T>(string name, NpgsqlDbType type, Func<NewExecution, T> value)
            => command.Parameters.Add(new(name, type | NpgsqlDbType.Array) { Value = Array.ConvertAll(rows, row => value(row.Item)) });

        Add("actions", NpgsqlDbType.Bigint, item => item.Action.Id);
        Add("refs", NpgsqlDbType.Text, item => item.Action.Ref);
        Add("configs", NpgsqlDbType.Text, item => item.Config);
        command.Parameters.Add(new("executors", NpgsqlDbType.Bigint | NpgsqlDbType.Array)
        {
            Value = Array.ConvertAll(rows, row => row.ExecutorId),
        });
        Add("priorities", NpgsqlDbType.Smallint, item => item.Priority);
        Add("timeouts", NpgsqlDbType.Bigint, item => (long)item.Timeout.TotalMilliseconds);
        Add("labels", NpgsqlDbType.Text, item => ToJson(item.WorkerLabels));
        Add("env_vars", NpgsqlDbType.Text, item => ToJson(item.EnvVars));
        Add("digests", NpgsqlDbType.Text, item => item.Action.ReleaseDigest);
        Add("at_least_once", NpgsqlDbType.Boolean, item => item.Action.AtLeastOnce);
        Add("max_attempts", NpgsqlDbType.Integer, item => item.Action.RetryPolicy.MaxAttempts);
        Add("retries", NpgsqlDbType.Text, item => item.Action.RetryJson);
        Add("reruns", NpgsqlDbType.Bigint, item => item.RerunOf);
        command.Parameters.Add(new("workers", NpgsqlDbType.Bigint | NpgsqlDbType.Array)
        {
            Value = Array.ConvertAll(reserved, session => session?.WorkerId),
        });
        command.Parameters.Add(new("worker_names", NpgsqlDbType.Text | NpgsqlDbType.Array)
        {
            Value = Array.ConvertAll(reserved, session => session?.Name),
        });
        Add("placements", NpgsqlDbType.Text, item => item.Requirement.Key);
        command.Parameters.Add(new("now", NpgsqlDbType.TimestampTz) { Value = now });

        var ids = new long[rows.Length];
        await using var reader = await command.ExecuteReaderAsync(ct);
        for (var i = 0; await reader.ReadAsync(ct); i++)
            ids[i] = reader.GetInt64(0);
        return ids;
    }

    static string ToJson(IReadOnlyDictionary<string, string> map)
        => map.Count == 0 ? "{}" : JsonSerializer.Serialize(map);

    static List<StoredExecutions> Split(
        IReadOnlyList<NewExecutions> requests, long[] ids, AgentSession?[] reserved, DateTimeOffset now)
    {
        var stored = new List<StoredExecutions>(requests.Count);
        var at = 0;
        foreach (var request in requests)
        {
            var end = at + request.Items.Count;
            stored.Add(new(ids[at..end], Repeated: false)
            {
                Scheduled = Array.ConvertAll(reserved[at..end], session => session is not null),
                Created = now,
            });
            at = end;
        }

        return stored;
    }

    static List<StoredExecutions> Merge(IReadOnlyList<StoredExecutions?> earlier, IReadOnlyList<StoredExecutions> stored)
    {
        var next = 0;
        return earlier.Select(each => each ?? stored[next++]).ToList();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Storing {Count} new executions failed; their callers are told")]
    partial void LogFailed(Exception exception, int count);
}
