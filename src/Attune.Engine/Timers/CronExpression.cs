using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Attune.Engine.Timers;

/// <summary>
/// A cron expression, compiled: `minute hour day-of-month month day-of-week`, or six fields with the seconds first.
/// <list type="bullet">
/// <item>Values, names (`JAN`, `mon`), lists `1,15`, ranges `9-17`, steps `*/15`, `9-17/2`, `5/10` (from 5 to the end). A range may wrap:
/// `FRI-MON`, `22-2`. Sunday is 0 and 7. `?` is `*` in a day field.</item>
/// <item>Day of month: `L` is the last day, `L-3` three days before it, `15W` the weekday nearest to the 15th without leaving the month, `LW`
/// the last weekday. Day of week: `5L` or `FRIL` is the last Friday, `MON#2` the second Monday.</item>
/// <item>Where both day fields are restricted, a day that fits either is enough, as cron always had it. A field that starts with `*` is not
/// restricted in this sense: `*/2` with `MON` asks for both.</item>
/// <item>`@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`.</item>
/// </list>
/// </summary>
sealed class CronExpression
{
    const long SecondsPerDay = 86_400;

    // The calendar repeats after 400 years, weekdays included: what does not fire within them never does.
    const int CycleYears = 400;
    const int LastYear = 9998;

    readonly string text;

    public CronExpression(string text) => this.text = text;

    /// <summary>
    /// The minute or the hour has a `*` or a step, so it means a rhythm rather than times of the day. <see cref="ZoneClock"/> says what that
    /// is for when clocks change.
    /// </summary>
    public required bool IsRhythm { get; init; }

    public required ulong Seconds { get; init; }

    public required ulong Minutes { get; init; }

    public required ulong Hours { get; init; }

    public required ulong Months { get; init; }

    public required CronDays Days { get; init; }

    /// <summary>On failure <paramref name="problems"/> gets every mistake, with the field and what would be right.</summary>
    public static bool TryParse(string text, List<string> problems, [NotNullWhen(true)] out CronExpression? expression)
        => (expression = new CronReader(text, problems).Read()) is not null;

    /// <summary>As it was written.</summary>
    public override string ToString() => text;

    /// <summary>The first time that fits, at or after a time on a clock on the wall; null: never again.</summary>
    /// <param name="from">In seconds of <see cref="DateTime"/>'s epoch.</param>
    public long? NextLocal(long from)
    {
        var start = new DateTime(from * TimeSpan.TicksPerSecond);
        var (year, month) = (start.Year, start.Month);
        var lastYear = Math.Min(year + CycleYears, LastYear);
        var days = DaysOf(year, month) & uint.MaxValue << start.Day;
        if ((days >> start.Day & 1) != 0)
        {
            var time = (int)(from % SecondsPerDay);
            if (TimeAtOrAfter(time) is { } later)
                return from - time + later;
            days &= ~(1u << start.Day);
        }

        while (days == 0)
        {
            if (++month > 12)
                (year, month) = (year + 1, 1);
            if (year > lastYear)
                return null;
            days = DaysOf(year, month);
        }

        var date = new DateTime(year, month, BitOperations.TrailingZeroCount(days));
        return date.Ticks / TimeSpan.TicksPerSecond + TimeAtOrAfter(0);
    }

    uint DaysOf(int year, int month) => (Months >> month & 1) == 0 ? 0 : Days.Of(year, month);

    // In seconds of the day; null where the rest of the day has none.
    int? TimeAtOrAfter(int time)
    {
        var (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        if (Has(Hours, hour))
        {
            if (Has(Minutes, minute) && From(Seconds, second) is { } sameMinute)
                return At(hour, minute, sameMinute);
            if (From(Minutes, minute + 1) is { } sameHour)
                return At(hour, sameHour, First(Seconds));
        }

        return From(Hours, hour + 1) is { } later ? At(later, First(Minutes), First(Seconds)) : null;
    }

    static int At(int hour, int minute, int second) => (hour * 60 + minute) * 60 + second;

    static bool Has(ulong mask, int bit) => (mask >> bit & 1) != 0;

    static int First(ulong mask) => BitOperations.TrailingZeroCount(mask);

    // No mask uses bits above 60, so a shift by 60 leaves none.
    static int? From(ulong mask, int bit) => mask >> bit << bit is var rest && rest == 0 ? null : First(rest);
}
