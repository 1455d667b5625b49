using System.Collections.Concurrent;
using Dapper;
using Npgsql;

namespace Attune.Server.Identities;

/// <summary>Writes `last_used_at` of API tokens, all at once and at most once a minute, so that using a token costs no write.</summary>
sealed partial class ApiTokenUse(NpgsqlDataSource db, TimeProvider clock, ILogger<ApiTokenUse> logger) : BackgroundService
{
    static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    readonly ConcurrentDictionary<long, DateTimeOffset> used = new();

    public void Note(long tokenId, DateTimeOffset at) => used[tokenId] = at;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await FlushAsync(stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                LogFlushSkipped(exception);
            }
        }
    }

    const string Update = """
        update api_token
        set last_used_at = noted.used_at
        from unnest(@ids, @times) as noted (id, used_at)
        where api_token.id = noted.id
            and (api_token.last_used_at is null or api_token.last_used_at < noted.used_at)
        """;

    internal async Task FlushAsync(CancellationToken ct)
    {
        var noted = used.ToArray();
        if (noted.Length == 0)
            return;

        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(
            Update,
            new { ids = noted.Select(each => each.Key).ToArray(), times = noted.Select(each => each.Value.UtcDateTime).ToArray() },
            cancellationToken: ct));
        foreach (var each in noted)
            used.TryRemove(each);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Times of use of API tokens not written; the next minute tries again")]
    partial void LogFlushSkipped(Exception exception);
}
