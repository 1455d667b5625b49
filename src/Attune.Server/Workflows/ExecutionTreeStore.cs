using Attune.Server.Executions;
using Dapper;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>A task's execution in a tree.</summary>
sealed record TreeChildRow
{
    public required long Id { get; init; }
    public required long Parent { get; init; }
    public required string ActionRef { get; init; }
    public required ExecutionStatus Status { get; init; }
    public required bool IsWorkflow { get; init; }
    public required string TaskName { get; init; }

    /// <summary>Over all tasks of the workflow.</summary>
    public required int Run { get; init; }

    /// <summary>Of its task: 1 for the first.</summary>
    public required int TaskRun { get; init; }
    public int? ItemIndex { get; init; }
    public required int RetryCount { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public string? WorkerName { get; init; }
    public string? Error { get; init; }
    public long? Inquiry { get; init; }
    public string? Prompt { get; init; }

    public bool IsFinal => Status is ExecutionStatus.Completed or ExecutionStatus.Failed or ExecutionStatus.Cancelled
        or ExecutionStatus.Timeout or ExecutionStatus.Abandoned;
}

/// <summary>A run of a task with items, as far as its items were started; each counted by its last try.</summary>
sealed record TreeItemsRow
{
    public required long Parent { get; init; }
    public required string TaskName { get; init; }
    public required int Run { get; init; }
    public required int TaskRun { get; init; }
    public required long FirstId { get; init; }
    public required int StartedCount { get; init; }
    public required int CompletedCount { get; init; }
    public required int FailedCount { get; init; }
    public required int RunningCount { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
}

/// <summary>What is directly below some workflows. The counts are of all there are, whatever the limit was.</summary>
sealed record TreeLevel(
    IReadOnlyList<TreeChildRow> Children, long ChildCount, IReadOnlyList<TreeItemsRow> Items, long ItemsCount);

/// <summary>Reads a tree level by level: so many statements for each, however many nodes.</summary>
sealed class ExecutionTreeStore(NpgsqlDataSource db)
{
    const string Child = """
        select e.id, e.parent, e.action_ref, e.status, e.is_workflow, e.started_at, e.finished_at, e.worker_name, e.error,
            e.workflow_task ->> 'task_name' as task_name, (e.workflow_task ->> 'run')::int as run,
            (e.workflow_task ->> 'task_index')::int as item_index, coalesce((e.workflow_task ->> 'retry_count')::int, 0) as retry_count
        from execution e
        where e.parent = any(@parents)
          and e.workflow_task is not null
        """;

    // What a reader looks for comes first, so that a limit cuts off what went well.
    const string Children = $"""
        with child as (
            {Child}
        ),
        ranked as (
            select id, parent, action_ref, status, is_workflow, started_at, finished_at, worker_name, error, task_name, run, item_index,
                retry_count,
                dense_rank() over (partition by parent, task_name order by run)::int as task_run,
                row_number() over (order by
                    case
                        when status in ('requested', 'scheduling', 'scheduled', 'running', 'canceling') then 0
                        when status not in ('completed', 'cancelled') then 1
                        when item_index is null then 2
                        else 3
                    end,
                    id) as place
            from child
        )
        select r.id, r.parent, r.action_ref, r.status::text as status, r.is_workflow, r.started_at, r.finished_at, r.worker_name,
            case when jsonb_typeof(r.error) = 'object' then (r.error - 'stderr_tail')::text end as error, r.task_name, r.run, r.task_run,
            r.item_index, r.retry_count, q.id as inquiry, left(q.prompt, 400) as prompt
        from ranked r
        left join inquiry q on q.execution = r.id
        where r.place <= @room
        order by r.id
        """;

    const string ChildCount = """
        select count(*)
        from execution
        where parent = any(@parents)
          and workflow_task is not null
        """;

    const string Asked = """
        select id, prompt
        from inquiry
        where execution = @execution
          and status = 'pending'
        """;

    /// <summary>The open question that an execution stands for.</summary>
    public async Task<(long Id, string Prompt)?> FindQuestionAsync(long execution, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<(long, string)?>(
            new CommandDefinition(Asked, new { execution }, cancellationToken: ct));
    }

    const string Items = $"""
        with child as (
            {Child}
              and e.workflow_task ->> 'task_index' is not null
        ),
        last as (
            select distinct on (parent, run, item_index) parent, task_name, run, status, finished_at
            from child
            order by parent, run, item_index, retry_count desc, id desc
        ),
        first as (
            select parent, run, min(id) as first_id, min(started_at) as started_at
            from child
            group by parent, run
        ),
        counted as (
            select parent, task_name, run, count(*)::int as started_count,
                (count(*) filter (where status = 'completed'))::int as completed_count,
                (count(*) filter (where status in ('failed', 'timeout', 'abandoned', 'cancelled')))::int as failed_count,
                (count(*) filter (where finished_at is null))::int as running_count,
                max(finished_at) as finished_at
            from last
            group by parent, task_name, run
        )
        select c.parent, c.task_name, c.run, f.first_id, c.started_count, c.completed_count, c.failed_count, c.running_count, f.started_at,
            c.finished_at, dense_rank() over (partition by c.parent, c.task_name order by c.run)::int as task_run
        from counted c
        join first f using (parent, run)
        order by f.first_id desc
        """;

    /// <param name="parents">Executions that are workflows.</param>
    /// <param name="room">Rows of each kind that there is a use for.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<TreeLevel> ReadAsync(long[] parents, int room, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var count = await connection.QuerySingleAsync<long>(new CommandDefinition(ChildCount, new { parents }, cancellationToken: ct));
        if (count == 0)
            return new([], 0, [], 0);

        var items = (await connection.QueryAsync<TreeItemsRow>(
            new CommandDefinition(Items, new { parents }, cancellationToken: ct))).AsList();
        if (room == 0)
            return new([], count, [], items.Count);

        var children = (await connection.QueryAsync<TreeChildRow>(
            new CommandDefinition(Children, new { parents, room }, cancellationToken: ct))).AsList();
        return new(children, count, [.. items.Take(room)], items.Count);
    }
}
