namespace Attune.Engine.Timers;

/// <summary>
/// Turns times on a zone's clock into instants where that clock is set forward or back. As cron has it:
/// <list type="bullet">
/// <item>Times of the day (`30 2 * * *`) fire once a day. A time that is left out fires at the first instant after the gap, together with all others
/// of the gap. A time that comes twice fires the first time.</item>
/// <item>A rhythm (`*/15 * * * *`: a `*` or a step in the minute or the hour) fires whenever the clock shows a time that fits: never in a gap, and
/// in both passes of an hour that comes twice.</item>
/// </list>
/// </summary>
sealed class ZoneClock(TimeZoneInfo zone)
{
    // Offsets lie within ±14 hours, and no clock is set by more than a day; two changes are never this near.
    const long OffsetMax = 14 * 3600;
    const long ChangeMax = 26 * 3600;
    const long Window = 30 * 3600;

    static readonly DateTime Earliest = DateTime.UnixEpoch;
    static readonly DateTime Latest = new(9990, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public DateTimeOffset? Next(CronExpression cron, DateTimeOffset after)
    {
        var start = after.UtcDateTime < Earliest ? Earliest.AddTicks(-1) : after.UtcDateTime;
        if (start > Latest)
            return null;

        var from = (start.Ticks + TimeSpan.TicksPerSecond) / TimeSpan.TicksPerSecond;
        return (cron.IsRhythm ? NextOfRhythm(cron, from) : NextTime(cron, from)) is { } utc
            ? new(utc * TimeSpan.TicksPerSecond, TimeSpan.Zero)
            : null;
    }

    // A time fires when the clock first reaches or passes it, so what was reached before, in an hour that comes again, is over.
    long? NextTime(CronExpression cron, long from)
    {
        var last = from - 1;
        var (offset, earlier) = (OffsetAt(last), OffsetAt(last - ChangeMax));
        var local = from + offset;
        if (earlier > offset)
            local = Math.Max(local, ChangeBetween(last - ChangeMax, last) + earlier);
        return cron.NextLocal(local) is { } time ? FirstAt(time) : null;
    }

    long FirstAt(long local)
    {
        var (begin, end) = (local - OffsetMax, local + OffsetMax);
        var (before, after) = (OffsetAt(begin), OffsetAt(end));
        if (before == after)
            return local - before;

        var change = ChangeBetween(begin, end);
        return local - before < change ? local - before : Math.Max(change, local - after);
    }

    long? NextOfRhythm(CronExpression cron, long from)
    {
        while (true)
        {
            var offset = OffsetAt(from);
            var end = from + Window;
            var changes = OffsetAt(end) != offset;
            var change = changes ? ChangeBetween(from, end) : end;
            if (cron.NextLocal(from + offset) is not { } local)
                return null;
            if (local - offset < change)
                return local - offset;

            // What fits may come nearer by a change, or not at all. Without one, no clock shows anything that fits long before `local`.
            from = changes ? change : Math.Max(end, local - OffsetMax - 1);
        }
    }

    // The first second with another offset than the beginning. There is one such change.
    long ChangeBetween(long begin, long end)
    {
        var offset = OffsetAt(begin);
        while (end - begin > 1)
        {
            var middle = begin + (end - begin) / 2;
            if (OffsetAt(middle) == offset)
                begin = middle;
            else
                end = middle;
        }

        return end;
    }

    long OffsetAt(long utc)
        => zone.GetUtcOffset(new DateTime(utc * TimeSpan.TicksPerSecond, DateTimeKind.Utc)).Ticks / TimeSpan.TicksPerSecond;
}
