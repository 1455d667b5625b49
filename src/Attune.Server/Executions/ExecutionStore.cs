using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Executions;

/// <summary>Filters of ListExecutions; null or empty means "any".</summary>
sealed record ExecutionFilter
{
    public string[]? Statuses { get; init; }
    public string? ActionRef { get; init; }
    public string? PackRef { get; init; }
    public string? WorkerName { get; init; }
    public string? ExecutorLogin { get; init; }
    public long? Parent { get; init; }
    public string? RuleRef { get; init; }
    public long? Event { get; init; }
    public long? Enforcement { get; init; }
    public DateTimeOffset? CreatedAfter { get; init; }
    public DateTimeOffset? CreatedBefore { get; init; }

    /// <summary>Only these packs; null: all.</summary>
    public string[]? Packs { get; init; }

    /// <summary>Only ids below it; null: from the newest.</summary>
    public long? Before { get; init; }
    public required int Limit { get; init; }
    public required bool Full { get; init; }
}

/// <summary>Reads executions. What writes them lies beside the use case that does.</summary>
sealed class ExecutionStore(NpgsqlDataSource db)
{
    static readonly string[] Unfinished = ["requested", "scheduling", "scheduled", "running", "canceling"];

    const string Live = """
        e.id in (
            select execution from execution_queue
            union all
            select execution
            from workflow_execution
            where status in ('requested', 'scheduling', 'scheduled', 'running', 'canceling')
            union all
            select execution from inquiry where status = 'pending')
        """;

    const string Brief = """
        e.id, e.action_ref, e.status::text as status, e.attempt, e.max_attempts, e.worker_name, i.login as executor_login,
        e.parent, e.enforcement, n.rule_ref, n.event, e.rerun_of, e.priority, e.timeout_ms, e.worker_labels::text as worker_labels,
        e.release_digest, e.created, e.updated, e.scheduled_at, e.started_at, e.finished_at, e.is_workflow,
        e.workflow_task ->> 'task_name' as task_name, (e.workflow_task ->> 'task_index')::int as item_index,
        case when e.status = 'requested' and q.run_after > e.created then q.run_after end as next_attempt_at
        """;

    const string Full = Brief + ", e.config::text as config, e.result::text as result, e.error::text as error";

    const string From = """

        from execution e
        left join identity i on i.id = e.executor
        left join execution_queue q on q.execution = e.id
        left join enforcement n on n.id = e.enforcement
        """;

    const string FindMany = $"""
        select {Full}
        {From}
        where e.id = any(@ids)
        order by e.id
        """;

    public async Task<IReadOnlyList<Execution>> FindAsync(long[] ids, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<Execution>(new CommandDefinition(FindMany, new { ids }, cancellationToken: ct));
        return rows.AsList();
    }

    public async Task<Execution?> FindAsync(long id, CancellationToken ct)
        => (await FindAsync([id], ct)) is [var execution] ? execution : null;

    const string Attempts = """
        select attempt, status::text as status, worker_name, error::text as error, started_at, finished_at
        from execution_attempt
        where execution = @id
        order by attempt
        """;

    public async Task<IReadOnlyList<ExecutionAttempt>> ListAttemptsAsync(long id, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<ExecutionAttempt>(new CommandDefinition(Attempts, new { id }, cancellationToken: ct));
        return rows.AsList();
    }

    // Each filter is a condition only when it is given, so that the planner sees the ones in use; the texts are constants.
    public async Task<IReadOnlyList<Execution>> ListAsync(ExecutionFilter filter, CancellationToken ct)
    {
        var conditions = new List<string>();
        if (filter.Statuses is { Length: > 0 })
        {
            conditions.Add("e.status = any(@Statuses::attune.execution_status_enum[])");

            // The few that are unfinished are all in the queue, or workflows, or ask people; without these the whole history would be walked.
            if (filter.Statuses.All(Unfinished.Contains))
                conditions.Add(Live);
        }

        if (filter.ActionRef is not null)
            conditions.Add("e.action_ref = @ActionRef");
        if (filter.PackRef is not null)
            conditions.Add("split_part(e.action_ref, '.', 1) = @PackRef");
        if (filter.Packs is not null)
            conditions.Add("split_part(e.action_ref, '.', 1) = any(@Packs)");
        if (filter.WorkerName is not null)
            conditions.Add("e.worker_name = @WorkerName");
        if (filter.ExecutorLogin is not null)
            conditions.Add("e.executor = (select id from identity where lower(login) = lower(@ExecutorLogin))");
        if (filter.Parent is not null)
            conditions.Add("e.parent = @Parent");
        if (filter.RuleRef is not null)
            conditions.Add("e.enforcement in (select id from enforcement where rule_ref = @RuleRef)");
        if (filter.Event is not null)
            conditions.Add("e.enforcement in (select id from enforcement where event = @Event)");
        if (filter.Enforcement is not null)
            conditions.Add("e.enforcement = @Enforcement");
        if (filter.CreatedAfter is not null)
            conditions.Add("e.created > @CreatedAfter");
        if (filter.CreatedBefore is not null)
            conditions.Add("e.created < @CreatedBefore");
        if (filter.Before is not null)
            conditions.Add("e.id < @Before");

        var where = conditions.Count == 0 ? "" : $"\nwhere {string.Join("\n  and ", conditions)}";
        var sql = $"""
            select {(filter.Full ? Full : Brief)}
            {From}{where}
            order by e.id desc
            limit @Limit
            """;

        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<Execution>(new CommandDefinition(sql, filter, cancellationToken: ct));
        return rows.AsList();
    }

    public static Failure NotFound(IEnumerable<long> ids)
        => Failure.NotFound("EXECUTION_NOT_FOUND", $"No execution {string.Join(", ", ids)} that you may see.");
}
