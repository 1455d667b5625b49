using System.Globalization;
using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Identities;

/// <summary>
/// Slows guessing per login, over all replicas: five tries are free, then each further failure blocks the login for twice as
/// long, from 30 s to 15 min. An hour without a failure forgets. Every try counts before it is judged, so that a hundred
/// guesses at once are not a hundred free ones.
/// </summary>
sealed class LoginThrottle(NpgsqlDataSource db, TimeProvider clock)
{
    const int FreeTries = 5;

    static readonly TimeSpan BlockMin = TimeSpan.FromSeconds(30);
    static readonly TimeSpan BlockMax = TimeSpan.FromMinutes(15);
    static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    const string Count = """
        insert into login_failure as failure (login, address, failed_count, window_started_at)
        values (@login, @address, 1, @now)
        on conflict (login) do update
        set failed_count = case when failure.window_started_at < @forgotten then 1 else failure.failed_count + 1 end,
            blocked_until = case
                when failure.window_started_at >= @forgotten and failure.failed_count + 1 >= @freeTries
                then @now + least(@blockMin * power(2, least(failure.failed_count + 1 - @freeTries, 20)), @blockMax)
            end,
            window_started_at = @now,
            address = excluded.address
        where failure.blocked_until is null or failure.blocked_until <= @now
        returning failed_count
        """;

    const string SecondsLeft = """
        select ceil(extract(epoch from blocked_until - @now))::int
        from login_failure
        where login = @login
        """;

    /// <summary>Null: try the password, then <see cref="ForgiveAsync"/> if it was right.</summary>
    public async Task<Failure?> CountTryAsync(string login, string address, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var connection = await db.OpenConnectionAsync(ct);
        var counted = await connection.QuerySingleOrDefaultAsync<int?>(new CommandDefinition(
            Count,
            new
            {
                login = Key(login),
                address,
                now,
                forgotten = now - Memory,
                freeTries = FreeTries,
                blockMin = BlockMin,
                blockMax = BlockMax,
            },
            cancellationToken: ct));
        if (counted is not null)
            return null;

        var left = await connection.QuerySingleOrDefaultAsync<int?>(
            new CommandDefinition(SecondsLeft, new { login = Key(login), now }, cancellationToken: ct));
        var seconds = Math.Max(1, left ?? 1);
        return new(FailureKind.Exhausted, "LOGIN_THROTTLED", $"Too many failed logins. Try again in {seconds} s.")
        {
            Metadata = new Dictionary<string, string> { ["retry_after_seconds"] = seconds.ToString(CultureInfo.InvariantCulture) },
        };
    }

    const string Forgive = "delete from login_failure where login = @login";

    public async Task ForgiveAsync(string login, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(Forgive, new { login = Key(login) }, cancellationToken: ct));
    }

    // As PostgreSQL's lower() does for the characters that a login may have.
    static string Key(string login) => login.ToLowerInvariant();
}
