using System.Runtime.CompilerServices;
using Dapper;
using Npgsql;

namespace Attune.Server.Executions;

public sealed record LogRecord
{
    public required int Attempt { get; init; }
    public required long Sequence { get; init; }
    public required short Stream { get; init; }
    public required byte[] Content { get; init; }
    public required DateTimeOffset LoggedAt { get; init; }
}

/// <summary>A place in an execution's log: after this chunk.</summary>
readonly record struct LogCursor(int Attempt, long Sequence)
{
    public override string ToString() => $"{Attempt}.{Sequence}";

    /// <summary>The empty text is the beginning.</summary>
    public static bool TryParse(string text, out LogCursor cursor)
    {
        cursor = default;
        if (text is "")
            return true;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || !int.TryParse(text[..dot], out var attempt) || !long.TryParse(text[(dot + 1)..], out var sequence)
            || attempt < 0 || sequence < 0)
            return false;
        cursor = new(attempt, sequence);
        return true;
    }
}

/// <summary>A piece of the log and, in the last piece of a followed one, what became of the execution.</summary>
sealed record LogPage(IReadOnlyList<LogRecord> Chunks, LogCursor Cursor, Execution? Outcome);

/// <summary>Reads an execution's log from a cursor on, and follows it until the execution is final.</summary>
sealed class ExecutionLogs(NpgsqlDataSource db, ExecutionStore store, ExecutionChanges changes, TimeProvider clock)
{
    // 16 chunks of at most 64 KiB stay well under the 4 MB of a message.
    const int ChunksPerPage = 16;

    static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    const string Read = """
        select attempt, sequence, stream, content, logged_at
        from execution_log
        where execution = @id
          and (attempt, sequence) > (@attempt, @sequence)
          and (cardinality(@streams::smallint[]) = 0 or stream = any(@streams))
        order by attempt, sequence
        limit @limit
        """;

    public async IAsyncEnumerable<LogPage> RunAsync(
        long id, LogCursor from, short[] streams, bool follow, [EnumeratorCancellation] CancellationToken ct)
    {
        // Both subscribed before the first read, so nothing between the two is lost.
        using var logs = changes.Logs.Subscribe([id]);
        using var status = changes.Status.Subscribe([id]);
        var cursor = from;
        while (true)
        {
            // State first, then log: what is final has written its whole log before.
            var execution = await store.FindAsync(id, ct);
            var final = execution is null or { IsFinal: true };
            while (await ReadAsync(id, cursor, streams, ct) is { Count: > 0 } chunks)
            {
                cursor = new(chunks[^1].Attempt, chunks[^1].Sequence);
                yield return new(chunks, cursor, null);
                if (chunks.Count < ChunksPerPage)
                    break;
            }

            if (!follow)
                yield break;
            if (final)
            {
                yield return new([], cursor, execution);
                yield break;
            }

            if (!await WaitAsync(logs, status, ct))
                yield return new([], cursor, null);
        }
    }

    async Task<List<LogRecord>> ReadAsync(long id, LogCursor cursor, short[] streams, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<LogRecord>(new CommandDefinition(
            Read,
            new { id, attempt = cursor.Attempt, sequence = cursor.Sequence, streams, limit = ChunksPerPage },
            cancellationToken: ct));
        return rows.AsList();
    }

    // False: nothing was heard for a while.
    async Task<bool> WaitAsync(
        ExecutionChanges.Subscription logs, ExecutionChanges.Subscription status, CancellationToken ct)
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
