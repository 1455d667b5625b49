using Npgsql;

namespace Attune.Server.Hosting.Health;

/// <summary>Asks the database every few seconds, so that a balancer finds the replicas that reach it.</summary>
sealed partial class HealthLoop(
    NpgsqlDataSource db, HealthState state, IHostApplicationLifetime lifetime, TimeProvider clock, ILogger<HealthLoop> logger)
    : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Before the listeners close, so that balancers look elsewhere while the last calls end.
        using var leaving = lifetime.ApplicationStopping.Register(() => state.Set(false));
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            await CheckAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    internal async Task CheckAsync(CancellationToken ct)
    {
        var reached = await ReachesDatabaseAsync(ct);
        var serving = reached && !lifetime.ApplicationStopping.IsCancellationRequested;
        if (state.Set(serving))
            LogChanged(serving);
    }

    async Task<bool> ReachesDatabaseAsync(CancellationToken ct)
    {
        try
        {
            using var timeout = new CancellationTokenSource(Interval, clock);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
            await using var command = db.CreateCommand("select 1");
            await command.ExecuteScalarAsync(patience.Token);
            return true;
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Health is now {Serving} (serving)")]
    partial void LogChanged(bool serving);
}
