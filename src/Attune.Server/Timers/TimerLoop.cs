using Npgsql;

namespace Attune.Server.Timers;

/// <summary>
/// Sleeps until the next timer of all is due, and no longer than a minute. Every replica runs it; they share what is due by locking rows. What
/// is not due costs nothing: neither sleeping nor firing looks at it.
/// </summary>
sealed partial class TimerLoop(
    TimerStore store, PlanTimers plan, FireTimers fire, ChangedRules changed, TimeProvider clock, ILogger<TimerLoop> logger)
    : BackgroundService
{
    const int TimersPerTick = 500;

    static readonly TimeSpan SleepMax = TimeSpan.FromMinutes(1);

    // When others hold what is due, or the database is away: they may die, it may come back.
    static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    // Behind the notifications: no change of a rule is overlooked for longer than this.
    static readonly TimeSpan PlanAllAfter = TimeSpan.FromMinutes(5);
    static readonly TimeSpan MissesKept = TimeSpan.FromDays(30);

    readonly PostponedTimers postponed = new(clock);
    DateTimeOffset planAllAt = DateTimeOffset.MinValue;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            DateTimeOffset wakeAt;
            try
            {
                wakeAt = await RunOnceAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogRoundFailed(exception);

                // What it took as changed may not be planned.
                changed.AddAll();
                await Task.Delay(LookAgainAfter, clock, stoppingToken);
                continue;
            }

            await changed.WaitAsync(wakeAt, stoppingToken);
        }
    }

    /// <summary>Plans what changed and fires what is due.</summary>
    /// <returns>Until when there is nothing to do, unless a rule changes.</returns>
    internal async Task<DateTimeOffset> RunOnceAsync(CancellationToken ct)
    {
        await PlanAsync(ct);

        // One moment for all of it: what becomes due while this runs is for the next round, which then begins at once.
        var now = clock.GetUtcNow();
        var fired = await FireAsync(now, ct);
        var next = await store.FindNextDueAsync(ct);
        if (next is null || next > now + SleepMax)
            return now + SleepMax;
        if (next > now || fired > 0)
            return next.Value;

        // Due, and yet not ours: another replica is at it, or its rule has changed and we have not heard.
        await plan.RunAsync(await store.ListDueRulesAsync(now, ct), ct);
        return now + LookAgainAfter;
    }

    async Task PlanAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (now >= planAllAt)
        {
            changed.AddAll();
            await store.DeleteMissesAsync(now - MissesKept, ct);
            planAllAt = now + PlanAllAfter;
        }

        if (changed.Take(out var rules))
            await plan.RunAsync(rules, ct);
    }

    async Task<int> FireAsync(DateTimeOffset now, CancellationToken ct)
    {
        var total = 0;
        var singles = 0;
        while (true)
        {
            var limit = singles > 0 ? 1 : TimersPerTick;
            var claimed = new List<long>();
            try
            {
                var fired = await fire.RunAsync(now, limit, postponed.Ids, claimed, ct);
                postponed.Forget(claimed);
                total += fired;
                if (fired == 0 || (fired < limit && singles > 0))
                    return total;
                singles = Math.Max(0, singles - 1);
            }
            catch (Exception exception) when (claimed.Count > 0 && !ct.IsCancellationRequested && exception is not NpgsqlException { IsTransient: true })
            {
                // One that cannot be stored must not keep the others from firing: each by itself, and the culprit again later.
                LogTickFailed(exception, claimed.Count);
                if (claimed.Count == 1)
                    postponed.Add(claimed[0]);
                else
                    singles = claimed.Count;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A tick of {Count} timers failed and changed nothing; it is tried again")]
    partial void LogTickFailed(Exception exception, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking after the timers failed; nothing is lost, and it is tried again in a second")]
    partial void LogRoundFailed(Exception exception);
}
