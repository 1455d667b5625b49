using Attune.Server.Dispatch;
using Attune.Server.Executions;
using Attune.Server.Inquiries;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Workflows;

/// <summary>What was stored, before its commit.</summary>
/// <param name="TaskIds">Of the tasks' executions, in the order of their rows.</param>
/// <param name="Changed">Executions whose status changed.</param>
/// <param name="AgentsAreAsked">Some of them run, and their agents are to stop them.</param>
sealed record StoredSteps(long[] TaskIds, IReadOnlyList<long> Changed, bool AgentsAreAsked);

/// <summary>Writes the steps of many runs: one round trip, and one more where people are asked or questions withdrawn.</summary>
sealed class StoreSteps(StoreInquiries inquiries)
{
    // The queue row is the lock that dispatch takes too, so a task is either still waiting here or already an agent's. One that has no row
    // there and has not ended asks people.
    const string Cancel = """
        with children as materialized (
            select e.id, e.is_workflow
            from unnest(@parents, @runs) as t (parent, run)
            join execution e on e.parent = t.parent
            where t.run = 0
              and e.status in ('requested', 'scheduling', 'scheduled', 'running', 'canceling')
            union
            select e.id, e.is_workflow
            from unnest(@parents, @runs) as t (parent, run)
            join execution e on e.parent = t.parent and (e.workflow_task ->> 'run')::int = t.run
            where t.run <> 0
              and e.workflow_task is not null
              and e.status in ('requested', 'scheduling', 'scheduled', 'running', 'canceling')
        ),
        held as materialized (
            select execution, worker
            from execution_queue
            where execution in (select id from children)
            order by execution
            for update
        ),
        gone as (
            delete from execution_queue q
            using held
            where q.execution = held.execution
              and held.worker is null
        ),
        marked as (
            update execution_queue q
            set cancel_requested_at = coalesce(q.cancel_requested_at, @now)
            from held
            where q.execution = held.execution
              and held.worker is not null
        ),
        told as (
            insert into workflow_happening (workflow_execution, kind, detail, created, updated)
            select w.id, 'cancel', jsonb_build_object('reason', 'The workflow that called it ended it.', 'stops', true), @now, @now
            from children c
            join workflow_execution w on w.execution = c.id
            where c.is_workflow
            order by w.id
        ),
        ended as (
            update execution e
            set status = (case when held.worker is null then 'cancelled' else 'canceling' end)::attune.execution_status_enum,
                finished_at = case when held.worker is null then @now end,
                error = jsonb_build_object('reason', 'CANCELLED', 'message', 'Its workflow ended it.'),
                updated = @now
            from children c
            left join held on held.execution = c.id
            where e.id = c.id
              and not c.is_workflow
              and e.status in ('requested', 'scheduling', 'scheduled', 'running')
            returning e.id, held.execution is null as asks, held.worker is not null as runs
        )
        select id, asks, runs
        from ended
        order by id
        """;

    const string Tell = """
        insert into workflow_happening (workflow_execution, kind, detail, created, updated)
        select w.id, t.kind,
            jsonb_build_object(
                'reason', 'The workflow that called it was ' || case t.kind when 'cancel' then 'cancelled.' else 'paused.' end,
                'by_caller', true),
            @now, @now
        from unnest(@parents, @runs, @kinds) with ordinality as t (parent, run, kind, position)
        join execution e on e.parent = t.parent and (e.workflow_task ->> 'run')::int = t.run
        join workflow_execution w on w.execution = e.id
        where e.workflow_task is not null
          and e.is_workflow
          and e.status in ('requested', 'running', 'canceling')
        order by t.position, w.id
        """;

    const string Keep = """
        insert into workflow_value (workflow_execution, kind, run, item, value, created, updated)
        select workflow_execution, kind, run, item, value::jsonb, @now, @now
        from unnest(@workflows, @kinds, @runs, @items, @values) as t (workflow_execution, kind, run, item, value)
        on conflict (workflow_execution, run, kind, item) do update
        set value = excluded.value, updated = @now
        """;

    const string SetStates = """
        update workflow_execution w
        set step = t.step, state = coalesce(t.state::json, w.state), variables = coalesce(t.variables::jsonb, w.variables),
            wake_at = t.wake_at, current_tasks = string_to_array(t.current, ','), completed_tasks = string_to_array(t.completed, ','),
            failed_tasks = string_to_array(t.failed, ','), skipped_tasks = string_to_array(t.skipped, ','),
            status = t.status::attune.execution_status_enum, error_message = t.error, paused = t.paused, pause_reason = t.pause_reason,
            broken = t.broken, updated = @now
        from unnest(
            @ids, @steps, @states, @variables, @wakes, @current, @completed, @failed, @skipped, @statuses, @errors, @paused, @pause_reasons,
            @broken)
            as t (id, step, state, variables, wake_at, current, completed, failed, skipped, status, error, paused, pause_reason, broken)
        where w.id = t.id
        """;

    // A request to cancel may have come between; it stays visible.
    const string SetStatuses = """
        update execution e
        set status = (case when t.status = 'running' and e.status = 'canceling' and not t.reopens then 'canceling' else t.status end
                )::attune.execution_status_enum,
            result = t.result::jsonb,
            error = case when t.status in ('running', 'canceling') and not t.reopens then e.error else t.error::jsonb end,
            attempt = 1, started_at = coalesce(e.started_at, @now),
            finished_at = case when t.status not in ('running', 'canceling') then @now end, updated = @now
        from unnest(@executions, @statuses, @results, @errors, @reopens) as t (execution, status, result, error, reopens)
        where e.id = t.execution
        """;

    const string Take = """
        delete from workflow_happening
        where id = any(@taken)
        """;

    /// <param name="connection">In its transaction.</param>
    /// <param name="rows">What is written.</param>
    /// <param name="items">Of <see cref="StepRows.Tasks"/>.</param>
    /// <param name="reserved">Where each of them leaves for.</param>
    /// <param name="now">When it is written.</param>
    /// <param name="ct">Ends it.</param>
    public async Task<StoredSteps> RunAsync(
        NpgsqlConnection connection, StepRows rows, NewExecution[] items, AgentSession?[] reserved, DateTimeOffset now, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (rows.Tasks.Count > 0)
            batch.BatchCommands.Add(StoreTasks.Tasks(rows.Tasks, items, reserved, now));
        if (rows.StandIns.Count > 0)
            batch.BatchCommands.Add(StoreTasks.StandIns(rows.StandIns, now));
        if (rows.Cancelled.Count > 0)
            batch.BatchCommands.Add(CancelCommand(rows.Cancelled, now));
        AddWrites(batch, rows, now);

        var taskIds = new long[rows.Tasks.Count];
        var standIns = new long[rows.StandIns.Count];
        var (changed, withdrawn, agentsAreAsked) = (rows.Statuses.ConvertAll(row => row.Execution), new List<long>(), false);
        await using (var reader = await batch.ExecuteReaderAsync(ct))
        {
            if (taskIds.Length > 0)
                await ReadIdsAsync(reader, taskIds, ct);
            if (standIns.Length > 0)
                await ReadIdsAsync(reader, standIns, ct);
            for (; rows.Cancelled.Count > 0 && await reader.ReadAsync(ct); agentsAreAsked |= reader.GetBoolean(2))
            {
                changed.Add(reader.GetInt64(0));
                if (reader.GetBoolean(1))
                    withdrawn.Add(reader.GetInt64(0));
            }

            while (await reader.NextResultAsync(ct))
            {
                // What went wrong with the rest is told here.
            }
        }

        var asked = rows.StandIns.Select((row, index) => (row.Ask, Id: standIns[index])).Where(each => each.Ask is not null).ToList();
        if (asked.Count > 0)
            await inquiries.InsertAsync(connection, asked.ConvertAll(each => new NewInquiry(each.Id, each.Ask!)), now, ct);
        if (withdrawn.Count > 0)
            await inquiries.CancelAsync(connection, withdrawn, now, ct);
        return new(taskIds, changed, agentsAreAsked);
    }

    // These answer nothing.
    static void AddWrites(NpgsqlBatch batch, StepRows rows, DateTimeOffset now)
    {
        if (rows.Told.Count > 0)
        {
            batch.BatchCommands.Add(Command(
                Tell,
                Array("parents", NpgsqlDbType.Bigint, rows.Told, row => row.Of.Parent),
                Array("runs", NpgsqlDbType.Integer, rows.Told, row => row.Of.Number),
                Array("kinds", NpgsqlDbType.Text, rows.Told, row => row.Kind),
                Now(now)));
        }

        if (rows.Values.Count > 0)
        {
            batch.BatchCommands.Add(Command(
                Keep,
                Array("workflows", NpgsqlDbType.Bigint, rows.Values, row => row.Workflow),
                Array("kinds", NpgsqlDbType.Text, rows.Values, row => row.Kind),
                Array("runs", NpgsqlDbType.Integer, rows.Values, row => row.Run),
                Array("items", NpgsqlDbType.Integer, rows.Values, row => row.Item),
                Array("values", NpgsqlDbType.Text, rows.Values, row => row.Value),
                Now(now)));
        }

        if (rows.States.Count > 0)
            batch.BatchCommands.Add(StatesCommand(rows.States, now));
        if (rows.Statuses.Count > 0)
        {
            batch.BatchCommands.Add(Command(
                SetStatuses,
                Array("executions", NpgsqlDbType.Bigint, rows.Statuses, row => row.Execution),
                Array("statuses", NpgsqlDbType.Text, rows.Statuses, row => row.Status),
                Array("results", NpgsqlDbType.Text, rows.Statuses, row => row.Result),
                Array("errors", NpgsqlDbType.Text, rows.Statuses, row => row.Error),
                Array("reopens", NpgsqlDbType.Boolean, rows.Statuses, row => row.Reopens),
                Now(now)));
        }

        batch.BatchCommands.Add(Command(Take, Array("taken", NpgsqlDbType.Bigint, rows.Taken, id => id)));
    }

    static NpgsqlBatchCommand CancelCommand(List<RunRow> rows, DateTimeOffset now) => Command(
        Cancel,
        Array("parents", NpgsqlDbType.Bigint, rows, row => row.Parent),
        Array("runs", NpgsqlDbType.Integer, rows, row => row.Number),
        Now(now));

    static NpgsqlBatchCommand StatesCommand(List<StateRow> rows, DateTimeOffset now) => Command(
        SetStates,
        Array("ids", NpgsqlDbType.Bigint, rows, row => row.Id),
        Array("steps", NpgsqlDbType.Bigint, rows, row => row.Step),
        Array("states", NpgsqlDbType.Text, rows, row => row.State),
        Array("variables", NpgsqlDbType.Text, rows, row => row.Variables),
        Array("wakes", NpgsqlDbType.TimestampTz, rows, row => row.WakeAt),
        Array("current", NpgsqlDbType.Text, rows, row => row.Current),
        Array("completed", NpgsqlDbType.Text, rows, row => row.Completed),
        Array("failed", NpgsqlDbType.Text, rows, row => row.Failed),
        Array("skipped", NpgsqlDbType.Text, rows, row => row.Skipped),
        Array("statuses", NpgsqlDbType.Text, rows, row => row.Status),
        Array("errors", NpgsqlDbType.Text, rows, row => row.Error),
        Array("paused", NpgsqlDbType.Boolean, rows, row => row.Paused),
        Array("pause_reasons", NpgsqlDbType.Text, rows, row => row.PauseReason),
        Array("broken", NpgsqlDbType.Boolean, rows, row => row.Broken),
        Now(now));

    static async Task ReadIdsAsync(NpgsqlDataReader reader, long[] ids, CancellationToken ct)
    {
        for (var index = 0; await reader.ReadAsync(ct); index++)
            ids[index] = reader.GetInt64(0);
        await reader.NextResultAsync(ct);
    }

    internal static NpgsqlParameter Now(DateTimeOffset now) => new("now", NpgsqlDbType.TimestampTz) { Value = now };

    internal static NpgsqlBatchCommand Command(string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    internal static NpgsqlParameter Array<TRow, TValue>(string name, NpgsqlDbType type, List<TRow> rows, Func<TRow, TValue> value)
    {
        var values = new TValue[rows.Count];
        for (var index = 0; index < values.Length; index++)
            values[index] = value(rows[index]);
        return new(name, type | NpgsqlDbType.Array) { Value = values };
    }
}
