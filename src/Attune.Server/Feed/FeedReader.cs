using Attune.Server.Storage;
using Npgsql;

namespace Attune.Server.Feed;

/// <summary>
/// Gives positions and, while somebody watches here, keeps the tail. Any number of replicas do so at once: whoever comes first
/// gives, all read the same order.
/// </summary>
sealed partial class FeedReader(
    FeedStore store, FeedTail tail, DatabaseListener listener, TimeProvider clock, ILogger<FeedReader> logger)
    : BackgroundService
{
    // The safety net behind NOTIFY.
    static readonly TimeSpan LookWhileWatched = TimeSpan.FromSeconds(1);

    // Nobody waits; positions are given all the same, so that no heap of hours has to be told at once.
    static readonly TimeSpan LookAlone = TimeSpan.FromSeconds(5);

    // A watcher must not make a commit out of every commit of a flood.
    static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = listener.Subscribe("attune_notifications", payload =>
        {
            // Null: something may have been missed.
            if (tail.IsWatched && (payload is null || payload.Contains("\"notification\"", StringComparison.Ordinal)))
                tail.Wake();
        });

        var isOrderTold = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!isOrderTold && !await store.KeepsCommitTimesAsync(stoppingToken))
                    LogWithoutCommitTimes(LookAlone.TotalSeconds);
                isOrderTold = true;

                if (await LookAsync(stoppingToken) > 0)
                    await Task.Delay(Breath, clock, stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                LogSkipped(exception);
                await Task.Delay(LookWhileWatched, clock, stoppingToken);
            }

            await WaitAsync(stoppingToken);
        }
    }

    /// <returns>How many rows got a position here.</returns>
    internal async Task<int> LookAsync(CancellationToken ct)
    {
        var given = await store.GivePositionsAsync(ct);
        if (!tail.IsWatched)
        {
            tail.Drop();
            return given;
        }

        if (tail.End is not { } end)
        {
            end = (await store.ReadBoundsAsync(ct)).Last;
            tail.Begin(end);
        }

        while (await store.ReadAfterAsync(end, ct) is { Count: > 0 } rows)
        {
            // A gap: somebody emptied the table. Watchers find it too, when they read what is before it.
            if (rows[0].Position != end + 1)
                tail.Begin(rows[0].Position - 1);
            tail.Append(rows);
            end = rows[^1].Position;
        }

        return given;
    }

    async Task WaitAsync(CancellationToken ct)
    {
        using var patience = new CancellationTokenSource(tail.IsWatched ? LookWhileWatched : LookAlone, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        try
        {
            await tail.WokenAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The poll.
        }
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "The database does not keep the moments of commits, so the feed tells independent changes that are committed within {Seconds} s "
            + "by id. To have them in the order of commits, set track_commit_timestamp = on in PostgreSQL and restart it")]
    partial void LogWithoutCommitTimes(double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The feed could not be read; watchers get what they missed with the next look")]
    partial void LogSkipped(Exception exception);
}
