using Dapper;
using Npgsql;

namespace Attune.Server.Identities;

/// <summary>Deletes refresh tokens that ended, and failed logins that no longer count. Any replica may.</summary>
sealed partial class CredentialCleanup(NpgsqlDataSource db, TimeProvider clock, ILogger<CredentialCleanup> logger) : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromHours(1);
    static readonly TimeSpan FailureMemory = TimeSpan.FromDays(1);

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

    // A used token is kept until it would have expired: until then its second use must be recognised.
    const string Delete = """
        with forgotten as (
            delete from login_failure
            where window_started_at < @failuresBefore
        )
        delete from refresh_token
        where expires_at < @now
        """;

    internal async Task SweepAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(
            new CommandDefinition(Delete, new { now, failuresBefore = now - FailureMemory }, cancellationToken: ct));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ended credentials not deleted; the next hour tries again")]
    partial void LogSkipped(Exception exception);
}
