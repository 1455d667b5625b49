namespace Attune.Engine.Tests.Timers;

/// <summary>A random expression, and beside its text the values that it stands for.</summary>
sealed class RandomCron
{
    static readonly string[] Months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    static readonly string[] Weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    readonly Random random;
    readonly bool[] seconds;
    readonly bool[] minutes;
    readonly bool[] hours;
    readonly bool[] months;
    readonly List<Func<DateTime, bool>> dates = [];
    readonly List<Func<DateTime, bool>> weekdays = [];
    readonly bool either;

    // The day at hand: most questions are about the day of the question before.
    (long Day, bool Fits) today;

    public RandomCron(Random random, bool withSeconds)
    {
        this.random = random;
        (var second, seconds) = withSeconds ? Numbers(0, 59, []) : ("", [true, .. new bool[59]]);
        (var minute, minutes) = Numbers(0, 59, []);
        (var hour, hours) = Numbers(0, 23, []);
        (var month, months) = random.Next(2) == 0 ? ("*", [.. Enumerable.Repeat(true, 13)]) : Numbers(1, 12, Months);
        var date = Days(dates, () => Numbers(1, 31, []), day => day.Day, SpecialDate);
        var weekday = Days(weekdays, () => Numbers(0, 6, Weekdays), day => (int)day.DayOfWeek, SpecialWeekday);
        either = date[0] is not ('*' or '?') && weekday[0] is not ('*' or '?');
        IsRhythm = (minute + hour).AsSpan().ContainsAny('*', '/');
        Text = $"{second} {minute} {hour} {date} {month} {weekday}".Trim();
    }

    public string Text { get; }

    public bool IsRhythm { get; }

    /// <param name="local">In seconds of <see cref="DateTime"/>'s epoch.</param>
    public bool Fits(long local)
    {
        var time = (int)(local % 86_400);
        if (local / 86_400 is var day && day != today.Day)
            today = (day, FitsDay(new DateTime(day * TimeSpan.TicksPerDay)));
        return today.Fits && hours[time / 3600] && minutes[time / 60 % 60] && seconds[time % 60];
    }

    bool FitsDay(DateTime day)
    {
        var (date, weekday) = (dates.Exists(fits => fits(day)), weekdays.Exists(fits => fits(day)));
        return months[day.Month] && (either ? date || weekday : date && weekday);
    }

    string Days(
        List<Func<DateTime, bool>> fits,
        Func<(string Text, bool[] Values)> numbers,
        Func<DateTime, int> number,
        Func<(string, Func<DateTime, bool>)> special)
    {
        if (random.Next(3) == 0)
        {
            fits.Add(_ => true);
            return random.Next(2) == 0 ? "*" : "?";
        }

        var parts = new List<string>();
        for (var count = random.Next(1, 3); count > 0; count--)
        {
            if (random.Next(3) == 0)
            {
                var (text, fit) = special();
                parts.Add(text);
                fits.Add(fit);
            }
            else
            {
                var (text, values) = numbers();
                parts.Add(text);
                fits.Add(day => values[number(day)]);
            }
        }

        return string.Join(',', parts);
    }

    (string, Func<DateTime, bool>) SpecialDate()
    {
        var number = random.Next(1, 32);
        return random.Next(4) switch
        {
            0 => ("L", day => day.AddDays(1).Day == 1),
            1 => ($"L-{number % 30 + 1}", day => day.AddDays(number % 30 + 1).Month == day.Month && day.AddDays(number % 30 + 2).Month != day.Month),
            2 => ("LW", day => IsWeekday(day)
                && Enumerable.Range(1, 3).All(ahead => day.AddDays(ahead).Month != day.Month || !IsWeekday(day.AddDays(ahead)))),
            _ => ($"{number}W", day => IsNearestWeekday(day, number)),
        };
    }

    // Of the weekdays of the month, the one with the least distance; a month without the date has none.
    static bool IsNearestWeekday(DateTime day, int number)
    {
        var length = DateTime.DaysInMonth(day.Year, day.Month);
        return number <= length && day.Day == Enumerable.Range(1, length)
            .Where(each => IsWeekday(new(day.Year, day.Month, each)))
            .MinBy(each => Math.Abs(each - number));
    }

    static bool IsWeekday(DateTime day) => day.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday);

    (string, Func<DateTime, bool>) SpecialWeekday()
    {
        var (weekday, nth) = (random.Next(7), random.Next(1, 6));
        var name = random.Next(2) == 0 ? Weekdays[weekday] : $"{(weekday == 0 && nth > 2 ? 7 : weekday)}";
        return random.Next(2) == 0
            ? ($"{name}L", day => (int)day.DayOfWeek == weekday && day.AddDays(7).Month != day.Month)
            : ($"{name}#{nth}", day => (int)day.DayOfWeek == weekday && (day.Day + 6) / 7 == nth);
    }

    (string Text, bool[] Values) Numbers(int min, int max, string[] names)
    {
        var values = new bool[max + 1];
        var parts = Enumerable.Range(0, random.Next(4) == 0 ? 2 : 1).Select(_ => Part(min, max, names, values)).ToList();
        return (string.Join(',', parts), values);
    }

    string Part(int min, int max, string[] names, bool[] values)
    {
        var (from, to, step) = (random.Next(min, max + 1), random.Next(min, max + 1), random.Next(1, max - min + 1));
        switch (random.Next(6))
        {
            case 0:
                Array.Fill(values, true);
                return "*";
            case 1:
                Set(values, min, max, step, min, max);
                return $"*/{step}";
            case 2:
                Set(values, from, to, 1, min, max);
                return $"{Name(from)}-{Name(to)}";
            case 3:
                Set(values, from, to, step, min, max);
                return $"{Name(from)}-{Name(to)}/{step}";
            default:
                values[from] = true;
                return Name(from);
        }

        string Name(int value) => names.Length > 0 && random.Next(2) == 0 ? names[value - min] : $"{value}";
    }

    static void Set(bool[] values, int from, int to, int step, int min, int max)
    {
        for (var (value, taken) = (from, 0); ; taken++)
        {
            if (taken % step == 0)
                values[value] = true;
            if (value == to)
                return;
            value = value == max ? min : value + 1;
        }
    }
}
