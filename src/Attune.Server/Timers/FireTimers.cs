using System.Globalization;
using System.Text.Json;
using Attune.Engine.Timers;
using Attune.Server.Events;
using Attune.Server.Rules;
using Attune.V1;
using Npgsql;

namespace Attune.Server.Timers;

/// <summary>
/// One tick: claims what is due, and in the same transaction records its events with all that they start, and when each timer is due next.
/// So a tick happens once or not at all, on whichever replica holds the rows; who dies in the middle leaves them to the others.
/// </summary>
sealed partial class FireTimers(
    NpgsqlDataSource db, RecordEvents events, RuleCatalog rules, ILogger<FireTimers> logger)
{
    /// <summary>A fire no later than this is on time: what a busy moment or a failover costs is not a miss.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    const int EventsPerTick = 2000;

    /// <param name="now">What is due by then.</param>
    /// <param name="limit">Timers at most.</param>
    /// <param name="postponed">Timers to leave alone.</param>
    /// <param name="claimed">Filled with the timers of this tick before anything can go wrong with them.</param>
    /// <param name="ct">Ends the tick before its commit.</param>
    /// <returns>How many timers it moved on; fewer than the limit may be due even then.</returns>
    public async Task<int> RunAsync(
        DateTimeOffset now, int limit, IReadOnlyCollection<long> postponed, List<long> claimed, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var due = await TimerStore.ClaimAsync(connection, now, postponed, limit, ct);
        if (due.Count == 0)
            return 0;

        claimed.AddRange(due.Select(timer => timer.Id));
        await rules.RefreshAsync([.. due.Select(timer => timer.RuleRef)], ct);
        var fired = new List<PreparedEvent>(due.Count);
        var advanced = new List<AdvancedTimer>(due.Count);
        foreach (var timer in due)
        {
            advanced.Add(await DecideAsync(timer, now, fired, ct));

            // After a long absence each may have many to make up for; the others stay due.
            if (fired.Count >= EventsPerTick)
                break;
        }

        var stored = await events.StoreWithinAsync(connection, transaction, fired, ct);
        try
        {
            await TimerStore.AdvanceAsync(connection, advanced, now, ct);

            // Not to be interrupted: nobody would know whether it happened.
            await transaction.CommitAsync(CancellationToken.None);
        }
        catch
        {
            stored.Abandon();
            throw;
        }

        stored.Deliver();
        return advanced.Count;
    }

    async Task<AdvancedTimer> DecideAsync(DueTimer timer, DateTimeOffset now, List<PreparedEvent> fired, CancellationToken ct)
    {
        var schedule = Schedule.Parse(timer.TriggerRef, JsonElement.Parse(timer.TriggerParams), []);
        if (schedule is null)
        {
            LogUnreadable(timer.RuleRef);
            return new(timer, null, null, null);
        }

        var tick = schedule.Decide(timer.AnchorAt, timer.NextFireAt, now, Grace);
        var count = 0;
        foreach (var scheduledAt in tick.Fires)
        {
            var prepared = await events.PrepareAsync(EventOf(timer, scheduledAt, now), ct);
            if (prepared.IsOk(out var ready, out var failure))
            {
                fired.Add(ready);
                count++;
            }
            else
            {
                LogRefused(timer.RuleRef, scheduledAt, failure.Message);
            }
        }

        if (tick.Misses is { } missed)
            LogMissed(timer.RuleRef, missed.Count, missed.First, missed.Last, missed.FiredLate);
        return new(
            timer, tick.Next, count == 0 ? null : now,
            tick.Misses is { } misses
                ? new(misses.First, misses.Last, misses.Count, misses.FiredLate, schedule.Missed.ToString().ToLowerInvariant())
                : null);
    }

    static NewEvent EventOf(DueTimer timer, DateTimeOffset scheduledAt, DateTimeOffset now) => new()
    {
        TriggerRef = timer.TriggerRef,
        RuleRef = timer.RuleRef,
        Origin = EventOrigin.Timer,
        IdempotencyKey = $"timer:{timer.Rule}:{Text(scheduledAt)}",
        Payload = JsonSerializer.SerializeToUtf8Bytes(new { fired_at = Text(now), scheduled_at = Text(scheduledAt) }),
    };

    // RFC 3339, as precise as the database keeps it.
    static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    [LoggerMessage(Level = LogLevel.Error, Message = "The timer of rule {Rule} cannot be read any more; it never fires until the rule is changed")]
    partial void LogUnreadable(string rule);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The timer of rule {Rule} for {ScheduledAt:O} made no event: {Problem}")]
    partial void LogRefused(string rule, DateTimeOffset scheduledAt, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rule {Rule} missed {Count} fires from {First:O} to {Last:O}; {FiredLate} are made up for now")]
    partial void LogMissed(string rule, long count, DateTimeOffset first, DateTimeOffset last, long firedLate);
}
