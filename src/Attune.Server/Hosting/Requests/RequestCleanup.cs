using Npgsql;

namespace Attune.Server.Hosting.Requests;

/// <summary>Forgets answers after their day. Any replica may; deleting twice deletes once.</summary>
sealed partial class RequestCleanup(RequestStore store, TimeProvider clock, ILogger<RequestCleanup> logger) : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await store.DeleteOldAsync(stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                LogSkipped(exception);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old request ids not deleted; the next round will")]
    partial void LogSkipped(Exception exception);
}
