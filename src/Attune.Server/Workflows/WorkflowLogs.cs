using System.Runtime.CompilerServices;
using Attune.Server.Executions;
using Attune.Server.Hosting;
using Dapper;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Npgsql;
using Execution = Attune.Server.Executions.Execution;
using Wire = Attune.V1;

namespace Attune.Server.Workflows;

/// <summary>A piece of a task's log.</summary>
public sealed record TaskLogRecord
{
    public required long Execution { get; init; }
    public required string TaskName { get; init; }
    public int? ItemIndex { get; init; }
    public required int Attempt { get; init; }
    public required long Sequence { get; init; }
    public required short Stream { get; init; }
    public required byte[] Content { get; init; }
    public required DateTimeOffset LoggedAt { get; init; }
}

/// <summary>As a page of an execution's log.</summary>
sealed record WorkflowLogPage(IReadOnlyList<TaskLogRecord> Chunks, string Cursor, Execution? Outcome)
{
    public Wire.StreamExecutionLogsResponse ToWire() => new()
    {
        Chunks = { Chunks.Select(ToWire) },
        Cursor = Cursor,
        Outcome = Outcome?.ToWire(),
    };

    static Wire.LogChunk ToWire(TaskLogRecord row)
    {
        var chunk = new Wire.LogChunk
        {
            Attempt = row.Attempt,
            Sequence = row.Sequence,
            Stream = (Wire.LogStream)row.Stream,
            Content = UnsafeByteOperations.UnsafeWrap(row.Content),
            Time = row.LoggedAt.ToTimestamp(),
            ExecutionId = row.Execution,
            TaskName = row.TaskName,
        };
        if (row.ItemIndex is { } item)
            chunk.ItemIndex = item;
        return chunk;
    }
}

/// <summary>What a workflow writes is what its tasks write: their logs in the order of time, sub-workflows' tasks among them.</summary>
sealed class WorkflowLogs(NpgsqlDataSource db, ExecutionStore store, ExecutionChanges changes, TimeProvider clock)
{
    // 16 chunks of at most 64 KiB stay well under the 4 MB of a message.
    const int ChunksPerPage = 16;

    // Tasks that are taken up at a time; those of a great with_items come in turns.
    const int ChildrenPerLook = 500;

    // Nobody tells that a workflow has started another task, so it is looked for.
    static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);
    const int QuietLooksMax = 5;

    const string Look = """
        select e.id, e.parent, e.action_ref, e.is_workflow, false as is_new,
            e.status in ('completed', 'failed', 'cancelled', 'timeout', 'abandoned') as is_final
        from execution e
        where e.id = any(@known)
        union all
        (
            select e.id, e.parent, e.action_ref, e.is_workflow, true as is_new,
                e.status in ('completed', 'failed', 'cancelled', 'timeout', 'abandoned') as is_final
            from unnest(@workflows, @seen) as w (id, seen)
            join execution e on e.parent = w.id
            where e.id > w.seen
              and e.workflow_task is not null
            order by e.id
            limit @limit
        )
        """;

    sealed record Seen
    {
        public required long Id { get; init; }
        public long? Parent { get; init; }
        public required string ActionRef { get; init; }
        public required bool IsWorkflow { get; init; }
        public required bool IsNew { get; init; }
        public required bool IsFinal { get; init; }
    }

    // A clock that was set back must not put an execution's chunks in another order: the cursor would jump over some.
    const string Read = """
        select next.execution, e.workflow_task ->> 'task_name' as task_name, (e.workflow_task ->> 'task_index')::int as item_index,
            next.attempt, next.sequence, next.stream, next.content, next.logged_at
        from unnest(@ids, @attempts, @sequences) as known (id, attempt, sequence)
        cross join lateral (
            select l.execution, l.attempt, l.sequence, l.stream, l.content, l.logged_at,
                max(l.logged_at) over (order by l.attempt, l.sequence) as shown_at
            from (
                select execution, attempt, sequence, stream, content, logged_at
                from execution_log
                where execution = known.id
                  and (attempt, sequence) > (known.attempt, known.sequence)
                  and (cardinality(@streams::smallint[]) = 0 or stream = any(@streams))
                order by attempt, sequence
                limit @limit) l) next
        join execution e on e.id = next.execution
        order by next.shown_at, next.execution, next.attempt, next.sequence
        limit @limit
        """;

    public async IAsyncEnumerable<WorkflowLogPage> RunAsync(
        Caller caller, long id, WorkflowLogCursor cursor, short[] streams, bool follow, [EnumeratorCancellation] CancellationToken ct)
    {
        var quiet = 0;
        while (true)
        {
            // Subscribed before the look, so nothing between the two is lost.
            using var logs = changes.Logs.Subscribe([.. cursor.Tasks.Keys]);
            using var status = changes.Status.Subscribe([.. cursor.Tasks.Keys, .. cursor.Workflows.Keys]);

            // State first, then log: what is final has written its whole log before.
            var seen = await LookAsync(cursor, ct);
            var workflows = cursor.Workflows.Count;
            var news = Take(caller, cursor, seen);
            // Whoever reads from the beginning gets what the tasks of a sub-workflow wrote among the others' and not after it.
            if (cursor.Workflows.Count > workflows && cursor.Tasks.Count < ChildrenPerLook)
                continue;

            while (cursor.Tasks.Count > 0 && await ReadAsync(cursor, streams, ct) is { Count: > 0 } chunks)
            {
                foreach (var chunk in chunks)
                    cursor.Tasks[chunk.Execution] = new(chunk.Attempt, chunk.Sequence);
                quiet = 0;
                yield return new(chunks, cursor.ToString(), null);
                if (chunks.Count < ChunksPerPage)
                    break;
            }

            var isOver = Forget(cursor, seen, news);
            if (news > 0)
                continue;
            if (!follow)
                yield break;
            if (isOver)
            {
                yield return new([], cursor.ToString(), await store.FindAsync(id, ct));
                yield break;
            }

            if (!await WaitAsync(logs, status, ct) && ++quiet % QuietLooksMax == 0)
                yield return new([], cursor.ToString(), null);
        }
    }

    // Ids of children that the caller may not see are passed over, once and for all; and those that a cursor of their own making names.
    static int Take(Caller caller, WorkflowLogCursor cursor, IReadOnlyList<Seen> seen)
    {
        var news = 0;
        foreach (var known in seen.Where(each => !each.IsNew && !caller.May("executions", "read", PackOf(each))))
        {
            cursor.Tasks.Remove(known.Id);
            cursor.Workflows.Remove(known.Id);
        }

        foreach (var child in seen.Where(each => each.IsNew))
        {
            if (!cursor.Workflows.TryGetValue(child.Parent!.Value, out var last))
                continue;

            news++;
            cursor.Workflows[child.Parent.Value] = Math.Max(last, child.Id);
            if (!caller.May("executions", "read", PackOf(child)))
                continue;
            if (child.IsWorkflow)
                cursor.Workflows[child.Id] = 0;
            else
                cursor.Tasks[child.Id] = default;
        }

        return news;
    }

    // True: nothing will be written any more. A workflow's last children are there before its end is.
    static bool Forget(WorkflowLogCursor cursor, IReadOnlyList<Seen> seen, int news)
    {
        var unfinished = seen.Where(each => !each.IsFinal).Select(each => each.Id).ToHashSet();
        foreach (var task in cursor.Tasks.Keys.Where(id => !unfinished.Contains(id)).ToList())
            cursor.Tasks.Remove(task);
        if (news > 0)
            return false;

        foreach (var workflow in cursor.Workflows.Keys.Where(id => !unfinished.Contains(id)).ToList())
            cursor.Workflows.Remove(workflow);
        return cursor.Workflows.Count == 0 && cursor.Tasks.Count == 0;
    }

    static string PackOf(Seen seen) => seen.ActionRef.Split('.', 2)[0];

    async Task<IReadOnlyList<Seen>> LookAsync(WorkflowLogCursor cursor, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<Seen>(new CommandDefinition(
            Look,
            new
            {
                known = cursor.Tasks.Keys.Concat(cursor.Workflows.Keys).ToArray(),
                workflows = cursor.Workflows.Keys.ToArray(),
                seen = cursor.Workflows.Values.ToArray(),
                limit = ChildrenPerLook,
            },
            cancellationToken: ct))).AsList();
    }

    async Task<IReadOnlyList<TaskLogRecord>> ReadAsync(WorkflowLogCursor cursor, short[] streams, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<TaskLogRecord>(new CommandDefinition(
            Read,
            new
            {
                ids = cursor.Tasks.Keys.ToArray(),
                attempts = cursor.Tasks.Values.Select(each => each.Attempt).ToArray(),
                sequences = cursor.Tasks.Values.Select(each => each.Sequence).ToArray(),
                streams,
                limit = ChunksPerPage,
            },
            cancellationToken: ct))).AsList();
    }

    // False: nothing was heard for a while.
    async Task<bool> WaitAsync(ExecutionChanges.Subscription logs, ExecutionChanges.Subscription status, CancellationToken ct)
    {
        using var quiet = new CancellationTokenSource(LookAgain, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, quiet.Token);
        var first = await Task.WhenAny(logs.NextAsync(either.Token), status.NextAsync(either.Token));
        ct.ThrowIfCancellationRequested();
        var heard = first.IsCompletedSuccessfully;
        await either.CancelAsync();
        return heard;
    }
}
