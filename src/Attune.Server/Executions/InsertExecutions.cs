using Attune.Server.Dispatch;
using Attune.Server.Storage;
using Npgsql;

namespace Attune.Server.Executions;

/// <summary>
/// Stores new executions, many callers' in one commit. Those for which an agent has a slot free are stored as already
/// scheduled to it and leave for it right after the commit: no second write, no wait for the dispatcher. The others wait in
/// the queue. Either way the commit that holds the row comes first.
/// </summary>
sealed partial class InsertExecutions(
    NpgsqlDataSource db, PlaceExecutions place, TimeProvider clock, ILogger<InsertExecutions> logger) : IAsyncDisposable
{
    const int ExecutionsPerCommit = 2000;

    GroupWriter<NewExecutions, StoredExecutions>? writer;

    GroupWriter<NewExecutions, StoredExecutions> Writer
        => LazyInitializer.EnsureInitialized(ref writer, () => new(WriteAsync, ExecutionsPerCommit, weigh: request => request.Items.Count));

    /// <summary>Ends after the commit.</summary>
    public ValueTask<StoredExecutions> RunAsync(NewExecutions executions, CancellationToken ct) => Writer.WriteAsync(executions, ct);

    public ValueTask DisposeAsync() => writer?.DisposeAsync() ?? ValueTask.CompletedTask;

    const string InsertBulk = $"""
        with input as (
            select *
            from {ExecutionRows.Input}
        ),
        stored as (
            insert into execution ({ExecutionRows.Columns})
            select {ExecutionRows.Values}
            from input
            order by position
            returning id
        ),
        numbered as (
            select id, row_number() over (order by id) as position
            from stored
        ),
        queued as (
            insert into execution_queue ({ExecutionRows.QueueColumns})
            select numbered.id, {ExecutionRows.QueueValues}
            from numbered
            join input using (position)
        )
        select id
        from stored
        order by id
        """;

    // The same where workflows are among them, which wait for no agent but for the conductor.
    const string InsertBulkWithWorkflows = $"""
        with input as materialized (
            select t.*, w.is_workflow, 0::smallint as depth, nextval('execution_id_seq') as id
            from (
                select *
                from {ExecutionRows.Input}
            ) t
            join {ExecutionRows.WorkflowInput} using (position)
            order by position
        ),
        stored as (
            insert into execution (id, {ExecutionRows.Columns}, is_workflow, workflow_def)
            overriding system value
            select id, {ExecutionRows.Values}, is_workflow,
                case when is_workflow then (select a.workflow_def from action a where a.id = input.action) end
            from input
            order by position
        ),
        {ExecutionRows.Conducted},
        queued as (
            insert into execution_queue ({ExecutionRows.QueueColumns})
            select id, {ExecutionRows.QueueValues}
            from input
            where not is_workflow
        )
        select id
        from input
        order by position
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
        var items = requests.SelectMany(request => request.Items).ToArray();
        var executors = requests.SelectMany(request => request.Items, (request, _) => request.ExecutorId).ToArray();
        var now = clock.GetUtcNow();
        var reserved = place.Reserve(items);
        long[] ids;
        List<StoredExecutions> stored;
        try
        {
            ids = await ExecuteInsertAsync(connection, items, executors, reserved, now, ct);
            stored = Split(requests, ids, reserved, now);
            if (transaction is not null)
            {
                await StartRequests.AnswerAsync(connection, transaction, requests, stored, ct);
                await transaction.CommitAsync(ct);
            }
        }
        catch (Exception exception)
        {
            PlaceExecutions.Release(reserved);
            LogFailed(exception, items.Length);
            throw;
        }

        // Outside: what happens after the commit must not make anyone store it again.
        place.Deliver(items, ids, reserved);
        return stored;
    }

    static async Task<long[]> ExecuteInsertAsync(
        NpgsqlConnection connection, NewExecution[] items, long[] executors, AgentSession?[] reserved, DateTimeOffset now,
        CancellationToken ct)
    {
        var hasWorkflows = Array.Exists(items, item => item.Action.IsWorkflow);
        await using var command = new NpgsqlCommand(hasWorkflows ? InsertBulkWithWorkflows : InsertBulk, connection);
        ExecutionRows.AddTo(command.Parameters, items, executors, reserved, now);
        if (hasWorkflows)
            ExecutionRows.AddWorkflowsTo(command.Parameters, items);

        var ids = new long[items.Length];
        await using var reader = await command.ExecuteReaderAsync(ct);
        for (var i = 0; await reader.ReadAsync(ct); i++)
            ids[i] = reader.GetInt64(0);
        return ids;
    }

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
