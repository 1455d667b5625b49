namespace Attune.Engine.Tests.Timers;

/// <summary>What a zone's clock shows at each tick of a stretch of time.</summary>
sealed class WatchedClock
{
    // In seconds of DateTime's epoch, from two days before the stretch, so that what the clock showed just before it is known.
    readonly long[] shown;
    readonly TimeSpan tick;
    readonly int secondsPerTick;
    readonly int warmUp;

    public WatchedClock(string zone, DateTime startUtc, int ticks, int secondsPerTick)
    {
        Zone = zone;
        Start = startUtc;
        this.secondsPerTick = secondsPerTick;
        tick = TimeSpan.FromSeconds(secondsPerTick);
        End = Start + ticks * tick;
        warmUp = (int)(TimeSpan.FromDays(2) / tick);
        var info = TimeZoneInfo.FindSystemTimeZoneById(zone);
        shown = [.. Enumerable.Range(-warmUp, ticks + warmUp)
            .Select(index => TimeZoneInfo.ConvertTimeFromUtc(startUtc + index * tick, info).Ticks / TimeSpan.TicksPerSecond)];
    }

    public string Zone { get; }

    public DateTimeOffset Start { get; }

    public DateTimeOffset End { get; }

    /// <summary>A rhythm fires when the clock shows a time that fits; times of the day when the clock first shows them or has passed them.</summary>
    public IEnumerable<DateTimeOffset> Fires(RandomCron cron)
    {
        var latest = 0L;
        for (var index = 0; index < shown.Length; index++)
        {
            var now = shown[index];
            if (cron.IsRhythm ? cron.Fits(now) : index > 0 && now > latest && PassedOne(cron, latest, now))
            {
                if (index >= warmUp)
                    yield return Start + (index - warmUp) * tick;
            }

            latest = Math.Max(latest, now);
        }
    }

    bool PassedOne(RandomCron cron, long latest, long now)
    {
        for (var time = latest + secondsPerTick; time <= now; time += secondsPerTick)
        {
            if (cron.Fits(time))
                return true;
        }

        return false;
    }
}
