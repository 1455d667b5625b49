using Microsoft.Extensions.Options;
using Npgsql;

namespace Attune.Server.Feed;

/// <summary>Deletes changes that are older than the retention, in slices, on one replica at a time.</summary>
sealed partial class FeedCleanup(FeedStore store, IOptions<FeedOptions> options, TimeProvider clock, ILogger<FeedCleanup> logger)
    : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                LogSkipped(exception);
            }
        }
    }

    internal async Task SweepAsync(CancellationToken ct)
    {
        var before = clock.GetUtcNow() - options.Value.Retention;
        while (await store.DeleteOldAsync(before, ct) > 0)
        {
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old changes not deleted from the feed; the next round will")]
    partial void LogSkipped(Exception exception);
}
