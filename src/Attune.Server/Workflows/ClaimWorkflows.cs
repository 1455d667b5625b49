using System.Data.Common;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Workflows;

/// <summary>Which runs are asked for.</summary>
/// <param name="Only">These, waiting for whoever holds them; null: any to which something happened, leaving alone those that others hold.</param>
/// <param name="Postponed">Not these.</param>
sealed record ClaimScope(IReadOnlyList<long>? Only, IReadOnlyCollection<long> Postponed)
{
    public static ClaimScope Of(IReadOnlyList<long> only) => new(only, []);
}

/// <summary>Runs that are locked now, until the transaction ends.</summary>
/// <param name="IsFull">There may be more.</param>
/// <param name="Left">Somebody else holds runs to which something happened.</param>
/// <param name="NextWakeAt">Of all runs, the earliest that is not due yet.</param>
sealed record ClaimedRuns(IReadOnlyList<HeldRun> Held, bool IsFull, bool Left, DateTimeOffset? NextWakeAt);

/// <summary>Locks runs and reads what has happened to them: one round trip.</summary>
static class ClaimWorkflows
{
    public const int RunsMax = 250;

    // Of one transaction; a workflow with more takes the rest in the next.
    const int HappeningsMax = 4000;

    // What happened first is taken first. Those that others hold are among the first too, and are passed over.
    const int LookAhead = 3000;

    // A larger result is read only when it is asked for, and so is what these together would exceed.
    const int ResultBytesMax = 64 * 1024;
    const int ResultsBytesMax = 8 * 1024 * 1024;

    // A statement sees what was committed when it began. So what happened is read by the next one, after the locks are there, which is told
    // by a setting of the transaction which they are: that spares a round trip.
    const string Any = """
        with oldest as materialized (
            select workflow_execution, min(id) as first
            from (
                select workflow_execution, id
                from workflow_happening
                where workflow_execution <> all(@postponed)
                order by id
                limit @look_ahead
            ) h
            group by workflow_execution
        ),
        due as materialized (
            select id
            from workflow_execution
            where wake_at <= @now
              and id <> all(@postponed)
            order by wake_at
            limit @runs_max
        ),
        candidate as materialized (
            select id, min(first) as first
            from (
                select workflow_execution as id, first
                from oldest
                union all
                select id, 0
                from due
            ) c
            group by id
        ),
        held as materialized (
            select w.id
            from candidate c
            join workflow_execution w on w.id = c.id
            order by c.first, w.id
            limit @runs_max
            for no key update of w skip locked
        )
        select set_config('attune.held', coalesce((select array_agg(id) from held), '{}')::text, true),
            (select count(*) from candidate)
        """;

    const string Only = """
        with held as materialized (
            select id
            from workflow_execution
            where id = any(@only)
            order by id
            for no key update
        )
        select set_config('attune.held', coalesce((select array_agg(id) from held), '{}')::text, true), 0::bigint
        """;

    const string ReadRuns = """
        select id, execution, step, depth, graph_digest, status::text, coalesce(wake_at <= @now, false), broken
        from unnest(current_setting('attune.held')::bigint[]) as held (id)
        join workflow_execution using (id)
        """;

    // Row by row through the index on purpose: the planner takes what waits for many, and would read the whole of execution to find a few.
    // How large a compressed result is, nobody knows before it is unpacked, which may cost more than the whole batch.
    const string ReadHappenings = """
        with taken as materialized (
            select h.id, h.workflow_execution, h.kind, h.execution, h.detail
            from unnest(current_setting('attune.held')::bigint[]) as held (id)
            join workflow_happening h on h.workflow_execution = held.id
            order by h.id
            limit @happenings_max
        ),
        happened as materialized (
            select t.*, e.status, e.error, e.workflow_task, e.result,
                case
                    when e.workflow_task ->> 'task_index' is null and pg_column_compression(e.result) is null then pg_column_size(e.result)
                end as bytes
            from taken t
            left join lateral (
                select status, error, workflow_task, result
                from execution x
                where x.id = t.execution
                limit 1
            ) e on true
        ),
        counted as (
            select *, sum(case when bytes <= @result_bytes_max then bytes else 0 end) over (order by id) as bytes_so_far
            from happened
        )
        select workflow_execution, id, kind, execution, detail::text, status::text, error::text,
            (workflow_task ->> 'run')::int, (workflow_task ->> 'task_index')::int, (workflow_task ->> 'retry_count')::int,
            case when bytes <= @result_bytes_max and bytes_so_far <= @results_bytes_max then result::text end,
            result is null
        from counted
        order by id
        """;

    const string ReadNextWake = """
        select min(wake_at)
        from workflow_execution
        where wake_at > @now
        """;

    /// <summary>In the connection's transaction.</summary>
    public static async Task<ClaimedRuns> RunAsync(NpgsqlConnection connection, ClaimScope scope, DateTimeOffset now, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                scope.Only is { } only
                    ? new NpgsqlBatchCommand(Only) { Parameters = { Ids("only", only) } }
                    : new NpgsqlBatchCommand(Any)
                    {
                        Parameters =
                        {
                            Now(now), Ids("postponed", scope.Postponed), Count("look_ahead", LookAhead), Count("runs_max", RunsMax),
                        },
                    },
                new NpgsqlBatchCommand(ReadRuns) { Parameters = { Now(now) } },
                new NpgsqlBatchCommand(ReadHappenings)
                {
                    Parameters =
                    {
                        Count("result_bytes_max", ResultBytesMax), Count("results_bytes_max", ResultsBytesMax),
                        Count("happenings_max", HappeningsMax),
                    },
                },
                new NpgsqlBatchCommand(ReadNextWake) { Parameters = { Now(now) } },
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var candidates = reader.GetInt64(1);

        await reader.NextResultAsync(ct);
        var held = new Dictionary<long, HeldRun>();
        while (await reader.ReadAsync(ct))
        {
            var run = ReadRun(reader);
            held.Add(run.Id, run);
        }

        await reader.NextResultAsync(ct);
        var happened = 0;
        for (; await reader.ReadAsync(ct); happened++)
            held[reader.GetInt64(0)].Happened.Add(ReadHappening(reader));

        await reader.NextResultAsync(ct);
        await reader.ReadAsync(ct);
        DateTimeOffset? nextWakeAt = await reader.IsDBNullAsync(0, ct) ? null : reader.GetFieldValue<DateTimeOffset>(0);
        return new(
            [.. held.Values], held.Count == RunsMax || happened == HappeningsMax, candidates > held.Count && held.Count < RunsMax, nextWakeAt);
    }

    static HeldRun ReadRun(DbDataReader reader) => new()
    {
        Id = reader.GetInt64(0),
        ExecutionId = reader.GetInt64(1),
        Step = reader.GetInt64(2),
        Depth = reader.GetInt16(3),
        GraphDigest = reader.GetString(4),
        Status = reader.GetString(5),
        IsDue = reader.GetBoolean(6),
        IsBroken = reader.GetBoolean(7),
    };

    static HappeningRow ReadHappening(DbDataReader reader)
    {
        return new()
        {
            Id = reader.GetInt64(1),
            Kind = reader.GetString(2),
            Execution = Number<long>(3),
            Detail = Text(4),
            Status = Text(5),
            Error = Text(6),
            Run = Number<int>(7),
            Item = Number<int>(8),
            Try = Number<int>(9),
            Result = Text(10),
            GaveNothing = reader.GetBoolean(11),
        };

        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

        T? Number<T>(int column)
            where T : struct
            => reader.IsDBNull(column) ? null : reader.GetFieldValue<T>(column);
    }

    static NpgsqlParameter Now(DateTimeOffset now) => new("now", NpgsqlDbType.TimestampTz) { Value = now };

    static NpgsqlParameter Count(string name, int value) => new(name, NpgsqlDbType.Integer) { Value = value };

    static NpgsqlParameter Ids(string name, IEnumerable<long> ids)
        => new(name, NpgsqlDbType.Bigint | NpgsqlDbType.Array) { Value = ids.ToArray() };
}
