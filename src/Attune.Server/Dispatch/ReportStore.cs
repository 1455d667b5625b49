using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Dispatch;

/// <summary>A final report, ready to be written.</summary>
readonly record struct FinishedRow(
    long Execution, int Attempt, string Status, string? Result, string? Error, DateTimeOffset? StartedAt, DateTimeOffset FinishedAt,
    TimeSpan? RetryAfter);

readonly record struct StartedRow(long Execution, int Attempt, DateTimeOffset StartedAt);

readonly record struct LogRow(
    long Execution, int Attempt, long Sequence, short Stream, byte[] Content, DateTimeOffset LoggedAt);

/// <summary>Everything that was reported since the last write, as one transaction in one round trip.</summary>
sealed class ReportBatch
{
    public List<LogRow> Logs { get; } = [];
    public List<StartedRow> Started { get; } = [];
    public List<FinishedRow> Finished { get; } = [];
}

/// <summary>What was written.</summary>
/// <param name="Counted">Executions whose attempt was still the agent's.</param>
/// <param name="TasksEnded">Workflows go on.</param>
sealed record WrittenReports(IReadOnlySet<long> Counted, bool TasksEnded);

/// <summary>The guarded bulk writes of what agents report. `updated` is set here, which spares a row trigger for each.</summary>
sealed class ReportStore(NpgsqlDataSource db, TimeProvider clock)
{
    // Joined, not trusted: chunks of an execution that is gone, or of an attempt that is not the agent's, must not fail the batch.
    const string InsertLogs = """
        insert into execution_log (execution, attempt, sequence, stream, content, logged_at)
        select t.execution, t.attempt, t.sequence, t.stream, t.content, t.logged_at
        from unnest(@executions, @attempts, @sequences, @streams, @contents, @times)
            as t (execution, attempt, sequence, stream, content, logged_at)
        join execution e on e.id = t.execution and e.attempt >= t.attempt
        on conflict (execution, attempt, sequence) do nothing
        """;

    // Other replicas' followers; one notification for the whole statement.
    const string NotifyLogs = "select pg_notify('execution_log_appended', @ids)";

    const string MarkStarted = """
        update execution e
        set status = 'running', started_at = t.started_at, updated = @now
        from unnest(@executions, @attempts, @times) as t (execution, attempt, started_at)
        where e.id = t.execution
          and e.attempt = t.attempt
          and e.status = 'scheduled'
        """;

    // First: what is tried again. A cancellation that was asked for wins over a retry, and so does the limit of losses: such rows
    // fall through to Finish.
    const string Retry = """
        with input as (
            select *
            from unnest(@executions, @attempts, @statuses, @errors, @started, @finished, @run_after)
                as t (execution, attempt, status, error, started_at, finished_at, run_after)
        ),
        again as (
            update execution e
            set status = 'requested', worker_name = null, scheduled_at = null, started_at = null, error = input.error::jsonb
            from input
            join execution_queue q on q.execution = input.execution
            where e.id = input.execution
              and e.attempt = input.attempt
              and e.status in ('scheduled', 'running')
              and (input.status <> 'abandoned' or q.lost_count < @lossesMax)
            returning e.id, input.attempt, input.status, input.error, input.started_at, input.finished_at, input.run_after
        ),
        kept as (
            insert into execution_attempt (execution, attempt, status, worker_name, error, started_at, finished_at)
            select again.id, again.attempt, again.status::attune.execution_status_enum, w.name, again.error::jsonb,
                again.started_at, again.finished_at
            from again
            left join execution_queue q on q.execution = again.id
            left join worker w on w.id = q.worker
            on conflict (execution, attempt) do nothing
        ),
        queued as (
            update execution_queue q
            set worker = null, run_after = again.run_after, lost_count = q.lost_count + (again.status = 'abandoned')::int
            from again
            where q.execution = again.id
        )
        select id
        from again
        """;

    const string Finish = """
        with input as (
            select *
            from unnest(@executions, @attempts, @statuses, @results, @errors, @started, @finished)
                as t (execution, attempt, status, result, error, started_at, finished_at)
        ),
        done as (
            update execution e
            set status = (case when e.status = 'canceling' and input.status = 'abandoned' then 'cancelled' else input.status end
                    )::attune.execution_status_enum,
                result = input.result::jsonb,
                error = case
                    when input.status = 'cancelled' and e.status = 'canceling' then coalesce(e.error, input.error::jsonb)
                    else input.error::jsonb
                end,
                started_at = coalesce(input.started_at, e.started_at), finished_at = input.finished_at, updated = @now
            from input
            where e.id = input.execution
              and e.attempt = input.attempt
              and e.status in ('scheduled', 'running', 'canceling')
            returning e.id, e.workflow_task is not null as is_task
        ),
        gone as (
            delete from execution_queue q
            using done
            where q.execution = done.id
        )
        select id, is_task
        from done
        """;

    public async Task<WrittenReports> WriteAsync(ReportBatch reports, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        if (reports.Logs.Count > 0)
            AddLogs(batch, reports.Logs);
        if (reports.Started.Count > 0)
            AddStarted(batch, reports.Started);
        var again = reports.Finished.Where(row => row.RetryAfter is not null).ToList();
        if (again.Count > 0)
            AddRetries(batch, again);
        if (reports.Finished.Count > 0)
            AddFinished(batch, reports.Finished);

        var (counted, tasksEnded) = (new HashSet<long>(reports.Finished.Count), false);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        do
        {
            // The log notification answers one void column; ids are the bigint ones, and of what ended it is also said whether it is a task.
            while (reader.FieldCount > 0 && reader.GetFieldType(0) == typeof(long) && await reader.ReadAsync(ct))
            {
                counted.Add(reader.GetInt64(0));
                tasksEnded |= reader.FieldCount > 1 && reader.GetBoolean(1);
            }
        }
        while (await reader.NextResultAsync(ct));

        return new(counted, tasksEnded);
    }

    static void AddLogs(NpgsqlBatch batch, List<LogRow> rows)
    {
        batch.BatchCommands.Add(Command(
            InsertLogs,
            Array("executions", NpgsqlDbType.Bigint, rows, row => row.Execution),
            Array("attempts", NpgsqlDbType.Integer, rows, row => row.Attempt),
            Array("sequences", NpgsqlDbType.Bigint, rows, row => row.Sequence),
            Array("streams", NpgsqlDbType.Smallint, rows, row => row.Stream),
            Array("contents", NpgsqlDbType.Bytea, rows, row => row.Content),
            Array("times", NpgsqlDbType.TimestampTz, rows, row => row.LoggedAt)));

        foreach (var ids in rows.Select(row => row.Execution).Distinct().Chunk(300))
        {
            batch.BatchCommands.Add(Command(
                NotifyLogs, new NpgsqlParameter("ids", NpgsqlDbType.Text) { Value = $"[{string.Join(',', ids)}]" }));
        }
    }

    void AddStarted(NpgsqlBatch batch, List<StartedRow> rows) => batch.BatchCommands.Add(Command(
        MarkStarted,
        Array("executions", NpgsqlDbType.Bigint, rows, row => row.Execution),
        Array("attempts", NpgsqlDbType.Integer, rows, row => row.Attempt),
        Array("times", NpgsqlDbType.TimestampTz, rows, row => row.StartedAt),
        Now()));

    // The delay counts from now, by this clock: an agent's may be a day off.
    void AddRetries(NpgsqlBatch batch, List<FinishedRow> rows) => batch.BatchCommands.Add(Command(
        Retry,
        Array("executions", NpgsqlDbType.Bigint, rows, row => row.Execution),
        Array("attempts", NpgsqlDbType.Integer, rows, row => row.Attempt),
        Array("statuses", NpgsqlDbType.Text, rows, row => row.Status),
        Array("errors", NpgsqlDbType.Text, rows, row => row.Error),
        Array("started", NpgsqlDbType.TimestampTz, rows, row => row.StartedAt),
        Array("finished", NpgsqlDbType.TimestampTz, rows, row => row.FinishedAt),
        Array("run_after", NpgsqlDbType.TimestampTz, rows, row => clock.GetUtcNow() + (row.RetryAfter ?? TimeSpan.Zero)),
        new NpgsqlParameter("lossesMax", NpgsqlDbType.Integer) { Value = LostWork.LossesMax }));

    void AddFinished(NpgsqlBatch batch, List<FinishedRow> rows) => batch.BatchCommands.Add(Command(
        Finish,
        Array("executions", NpgsqlDbType.Bigint, rows, row => row.Execution),
        Array("attempts", NpgsqlDbType.Integer, rows, row => row.Attempt),
        Array("statuses", NpgsqlDbType.Text, rows, row => row.Status),
        Array("results", NpgsqlDbType.Text, rows, row => row.Result),
        Array("errors", NpgsqlDbType.Text, rows, row => row.Error),
        Array("started", NpgsqlDbType.TimestampTz, rows, row => row.StartedAt),
        Array("finished", NpgsqlDbType.TimestampTz, rows, row => row.FinishedAt),
        Now()));

    NpgsqlParameter Now() => new("now", NpgsqlDbType.TimestampTz) { Value = clock.GetUtcNow() };

    static NpgsqlBatchCommand Command(string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    static NpgsqlParameter Array<TRow, TValue>(string name, NpgsqlDbType type, List<TRow> rows, Func<TRow, TValue> value)
    {
        var values = new TValue[rows.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = value(rows[i]);
        return new(name, type | NpgsqlDbType.Array) { Value = values };
    }
}
