using System.Globalization;
using System.Runtime.CompilerServices;
using Attune.Server.Executions;
using Dapper;
using Npgsql;

namespace Attune.Server.Sensors;

public sealed record SensorLine
{
    public required long Id { get; init; }
    public required string WorkerName { get; init; }
    public required DateTimeOffset LoggedAt { get; init; }
    public required string Text { get; init; }
}

/// <summary>A piece of a sensor's log and the place after it; no lines: nothing was heard for a while.</summary>
sealed record SensorLogPage(IReadOnlyList<SensorLine> Lines, long Cursor);

/// <summary>Reads a sensor's log from a place on, and follows it.</summary>
sealed class SensorLogs(NpgsqlDataSource db, SensorLogSignals signals, TimeProvider clock)
{
    // Of 8 KiB at most, so a page stays under the 4 MB of a message.
    const int LinesPerPage = 400;

    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    const string Read = """
        select id, worker_name, logged_at, text
        from sensor_log
        where sensor = @sensor
          and id > @cursor
        order by id
        limit @limit
        """;

    const string BeforeTail = """
        select id
        from sensor_log
        where sensor = @sensor
        order by id desc
        offset @tail
        limit 1
        """;

    /// <summary>The empty text is the beginning. Null: no cursor of this log.</summary>
    public static long? ParseCursor(string text)
        => text is "" ? 0
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var cursor) ? cursor
            : null;

    /// <summary>The place before the last so many lines.</summary>
    public async Task<long> FindTailAsync(long sensor, int tail, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<long>(new CommandDefinition(BeforeTail, new { sensor, tail }, cancellationToken: ct));
    }

    public async IAsyncEnumerable<SensorLogPage> RunAsync(
        long sensor, long from, bool follow, [EnumeratorCancellation] CancellationToken ct)
    {
        // Subscribed before the first read, so nothing between the two is lost.
        using var appended = signals.Appended.Subscribe([sensor]);
        var cursor = from;
        while (true)
        {
            while (await ReadAsync(sensor, cursor, ct) is { Count: > 0 } lines)
            {
                cursor = lines[^1].Id;
                yield return new(lines, cursor);
                if (lines.Count < LinesPerPage)
                    break;
            }

            if (!follow)
                yield break;
            if (!await HeardAsync(appended, ct))
                yield return new([], cursor);
        }
    }

    async Task<List<SensorLine>> ReadAsync(long sensor, long cursor, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<SensorLine>(
            new CommandDefinition(Read, new { sensor, cursor, limit = LinesPerPage }, cancellationToken: ct))).AsList();
    }

    async Task<bool> HeardAsync(ExecutionChanges.Subscription appended, CancellationToken ct)
    {
        using var quiet = new CancellationTokenSource(KeepAlive, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, quiet.Token);
        try
        {
            await appended.NextAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }
}
