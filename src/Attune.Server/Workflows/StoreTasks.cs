using Attune.Server.Dispatch;
using Attune.Server.Executions;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Workflows;

/// <summary>Executions of tasks as commands of a batch: those that agents or other workflows run, and those that nobody runs.</summary>
static class StoreTasks
{
    const string InsertTasks = $"""
        with input as materialized (
            select t.*, w.is_workflow, c.parent, c.workflow_task::jsonb as workflow_task, c.depth, nextval('execution_id_seq') as id
            from (
                select *
                from {ExecutionRows.Input}
            ) t
            join {ExecutionRows.WorkflowInput} using (position)
            join unnest(@parents::bigint[], @tasks::text[], @depths::smallint[])
                with ordinality as c (parent, workflow_task, depth, position) using (position)
            order by position
        ),
        stored as (
            insert into execution (id, {ExecutionRows.Columns}, is_workflow, workflow_def, parent, workflow_task)
            overriding system value
            select id, {ExecutionRows.Values}, is_workflow,
                case when is_workflow then (select a.workflow_def from action a where a.id = input.action) end, parent, workflow_task
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

    // What ended before it began is told here: the trigger on execution hears of updates only.
    const string InsertStandIns = """
        with input as materialized (
            select t.*, t.task::jsonb as workflow_task, nextval('execution_id_seq') as id
            from unnest(
                @refs::text[], @parents::bigint[], @executors::bigint[], @tasks::text[], @errors::text[], @priorities::smallint[],
                @timeouts::bigint[])
                with ordinality as t (action_ref, parent, executor, task, error, priority, timeout_ms, position)
            order by position
        ),
        stored as (
            insert into execution (
                id, action_ref, parent, executor, workflow_task, status, error, priority, timeout_ms, attempt, created, updated, started_at,
                finished_at)
            overriding system value
            select id, action_ref, parent, nullif(executor, 0), workflow_task,
                (case when error is null then 'running' else 'failed' end)::attune.execution_status_enum, error::jsonb, priority,
                timeout_ms, 1, @now, @now, case when error is null then @now end, case when error is not null then @now end
            from input
            order by position
        ),
        told as (
            insert into workflow_happening (workflow_execution, kind, execution, created, updated)
            select (workflow_task ->> 'workflow_execution')::bigint, 'ended', id, @now, @now
            from input
            where error is not null
            order by id
        )
        select id
        from input
        order by position
        """;

    static readonly TimeSpan AskedForYears = TimeSpan.FromDays(3650);

    /// <summary>Answers the ids, in the order of the rows.</summary>
    public static NpgsqlBatchCommand Tasks(List<TaskRow> rows, NewExecution[] items, AgentSession?[] reserved, DateTimeOffset now)
    {
        var command = new NpgsqlBatchCommand(InsertTasks);
        ExecutionRows.AddTo(command.Parameters, items, [.. rows.Select(row => row.Run.ExecutorId)], reserved, now);
        ExecutionRows.AddWorkflowsTo(command.Parameters, items);
        command.Parameters.Add(StoreSteps.Array("parents", NpgsqlDbType.Bigint, rows, row => row.Run.ExecutionId));
        command.Parameters.Add(StoreSteps.Array("tasks", NpgsqlDbType.Text, rows, row => row.Task));
        command.Parameters.Add(StoreSteps.Array("depths", NpgsqlDbType.Smallint, rows, row => (short)(row.Run.Depth + 1)));
        return command;
    }

    /// <summary>Answers the ids, in the order of the rows.</summary>
    public static NpgsqlBatchCommand StandIns(List<StandInRow> rows, DateTimeOffset now) => StoreSteps.Command(
        InsertStandIns,
        StoreSteps.Array("refs", NpgsqlDbType.Text, rows, row => row.ActionRef),
        StoreSteps.Array("parents", NpgsqlDbType.Bigint, rows, row => row.Run.ExecutionId),
        StoreSteps.Array("executors", NpgsqlDbType.Bigint, rows, row => row.Run.ExecutorId),
        StoreSteps.Array("tasks", NpgsqlDbType.Text, rows, row => row.Task),
        StoreSteps.Array("errors", NpgsqlDbType.Text, rows, row => row.Error),
        StoreSteps.Array("priorities", NpgsqlDbType.Smallint, rows, row => row.Run.Priority),
        StoreSteps.Array("timeouts", NpgsqlDbType.Bigint, rows, row => Math.Max(1, (long)(row.Timeout ?? AskedForYears).TotalMilliseconds)),
        StoreSteps.Now(now));
}
