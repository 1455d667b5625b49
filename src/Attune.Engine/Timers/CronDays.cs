using System.Numerics;

namespace Attune.Engine.Timers;

/// <summary>Which days of a month a cron expression means. Every mask has bit n for n.</summary>
sealed class CronDays
{
    // Bits 0, 7, 14, 21 and 28: one weekday through a month, once shifted to its first date.
    const uint EverySeventh = 0x10204081;

    /// <summary>Dates from 1.</summary>
    public uint Dates { get; set; }

    /// <summary>Days before the last one: bit 0 is `L`, bit 3 is `L-3`.</summary>
    public uint BeforeLast { get; set; }

    /// <summary>`15W`: the weekday nearest to that date within its month.</summary>
    public uint NearestWeekdays { get; set; }

    /// <summary>`LW`.</summary>
    public bool LastWeekday { get; set; }

    /// <summary>Weekdays from 0 (Sunday).</summary>
    public uint Weekdays { get; set; }

    /// <summary>`5L`: the last of that weekday.</summary>
    public uint LastOfWeekday { get; set; }

    /// <summary>`1#2`: the second Monday is bit 1 of the second.</summary>
    public uint[] NthOfWeekday { get; } = new uint[5];

    /// <summary>Neither day field starts with `*`, so a day that fits one of them is enough.</summary>
    public bool Either { get; set; }

    /// <summary>The dates of a month that fit, bit n for day n.</summary>
    public uint Of(int year, int month)
    {
        var last = DateTime.DaysInMonth(year, month);
        var first = (int)new DateTime(year, month, 1).DayOfWeek;
        var dates = ByDate(last, first);
        var weekdays = ByWeekday(last, first);
        return (Either ? dates | weekdays : dates & weekdays) & Valid(last);
    }

    uint ByDate(int last, int first)
    {
        var dates = Dates;
        for (var rest = BeforeLast; rest != 0; rest &= rest - 1)
        {
            if (last - BitOperations.TrailingZeroCount(rest) is > 0 and var day)
                dates |= 1u << day;
        }

        for (var rest = NearestWeekdays; rest != 0; rest &= rest - 1)
        {
            if (BitOperations.TrailingZeroCount(rest) is var day && day <= last)
                dates |= 1u << NearestWeekday(day, last, first);
        }

        return LastWeekday ? dates | 1u << NearestWeekdayBefore(last, first) : dates;
    }

    uint ByWeekday(int last, int first)
    {
        var dates = 0u;
        for (var weekday = 0; weekday < 7; weekday++)
        {
            var begin = (weekday - first + 7) % 7 + 1;
            var all = EverySeventh << begin & Valid(last);
            if ((Weekdays >> weekday & 1) != 0)
                dates |= all;
            if ((LastOfWeekday >> weekday & 1) != 0)
                dates |= 1u << BitOperations.Log2(all);
            for (var nth = 0; nth < NthOfWeekday.Length; nth++)
            {
                if ((NthOfWeekday[nth] >> weekday & 1) != 0 && begin + 7 * nth <= last)
                    dates |= 1u << begin + 7 * nth;
            }
        }

        return dates;
    }

    static int NearestWeekday(int day, int last, int first) => WeekdayOf(day, first) switch
    {
        6 => day > 1 ? day - 1 : day + 2,
        0 => day < last ? day + 1 : day - 2,
        _ => day,
    };

    static int NearestWeekdayBefore(int last, int first) => WeekdayOf(last, first) switch
    {
        6 => last - 1,
        0 => last - 2,
        _ => last,
    };

    static int WeekdayOf(int day, int first) => (first + day - 1) % 7;

    static uint Valid(int last) => (uint)((1ul << last + 1) - 2);
}
