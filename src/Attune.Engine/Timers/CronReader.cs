namespace Attune.Engine.Timers;

/// <summary>Reads one cron expression and lists every mistake in it.</summary>
sealed class CronReader(string text, List<string> problems)
{
    const int MaxLength = 1000;

    static readonly Dictionary<string, string> Macros = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@hourly"] = "0 * * * *",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@weekly"] = "0 0 * * SUN",
        ["@monthly"] = "0 0 1 * *",
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
    };

    readonly CronDays days = new();

    public CronExpression? Read()
    {
        if (Fields() is not { } fields)
            return null;

        var before = problems.Count;
        var seconds = fields.Length == 6 ? Mask(CronField.Second, fields[0]) : 1;
        var (minute, hour, date, weekday) = (fields[^5], fields[^4], fields[^3], fields[^1]);
        var minutes = Mask(CronField.Minute, minute);
        var hours = Mask(CronField.Hour, hour);
        days.Dates = (uint)Mask(CronField.DayOfMonth, date);
        var months = Mask(CronField.Month, fields[^2]);
        days.Weekdays = (uint)Mask(CronField.DayOfWeek, weekday);
        days.Either = !IsOpen(date) && !IsOpen(weekday);
        if (problems.Count > before)
            return null;

        var expression = new CronExpression(text)
        {
            IsRhythm = IsRhythm(minute) || IsRhythm(hour),
            Seconds = seconds,
            Minutes = minutes,
            Hours = hours,
            Months = months,
            Days = days,
        };
        if (expression.NextLocal(0) is not null)
            return expression;

        problems.Add($"'{text.Trim()}' never fires: no month that it names has such a day.");
        return null;
    }

    string[]? Fields()
    {
        var written = text.Trim();
        var fields = Macros.GetValueOrDefault(written, written).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var problem = fields switch
        {
            _ when text.Length > MaxLength => $"A cron expression has at most {MaxLength} characters.",
            [] => "is empty: write five fields, `minute hour day-of-month month day-of-week`, as in `30 9 * * MON-FRI`.",
            [['@', ..] macro, ..] => MacroProblem(macro),
            [['T' or 'C', ..] zone, ..] when zone.Contains("TZ=", StringComparison.Ordinal) => "A time zone stands in `timezone`, not here.",
            { Length: 5 or 6 } => null,
            { Length: 7 } => "has 7 fields: a year cannot be given. Write five, or six with the seconds first; core.datetimetimer fires once.",
            _ => $"has {fields.Length} {(fields.Length == 1 ? "field" : "fields")}: write five, `minute hour day-of-month month day-of-week`, "
                + "or six with the seconds first.",
        };
        if (problem is null)
            return fields;

        problems.Add(problem);
        return null;
    }

    static string MacroProblem(string macro) => macro.ToLowerInvariant() switch
    {
        "@every" => "@every is no cron expression: core.intervaltimer fires a fixed time apart.",
        "@reboot" => "@reboot means nothing here: write times.",
        _ => $"'{macro[..Math.Min(macro.Length, 20)]}' is not known: {string.Join(", ", Macros.Keys)}.",
    };

    ulong Mask(CronField field, string items)
    {
        if (items is "?" && field.IsDay)
            return Range(field, field.Min, field.Max, 1);

        var mask = 0ul;
        foreach (var item in items.Split(','))
            mask |= Item(field, item);
        return mask;
    }

    // Bits of the values; what is no plain value goes to `days`.
    ulong Item(CronField field, string item)
    {
        if (item is "" or ['/', ..])
            return Wrong(field, item, item is "" ? "a value is missing beside a comma." : $"a value is missing before `/`, as in `*{item}`.");
        if (item.Contains('?'))
            return Wrong(field, item, field.IsDay ? "`?` stands alone." : "`?` is for the two day fields: write `*`.");

        var slash = item.IndexOf('/');
        var values = slash < 0 ? item : item[..slash];
        if ((field == CronField.DayOfMonth && IsDate(values)) || (field == CronField.DayOfWeek && IsWeekday(values)))
            return slash < 0 ? 0 : Wrong(field, item, $"`{values}` is one day, which has no steps.");

        var step = slash < 0 ? 1 : Step(field, item, item[(slash + 1)..]);
        var (from, to) = Bounds(field, item, values, slash >= 0);
        return step is null || from is null || to is null ? 0 : Range(field, from.Value, to.Value, step.Value);
    }

    int? Step(CronField field, string item, string step)
    {
        var most = field.Size - 1;
        if (step.Length is > 0 and <= 4 && step.All(char.IsAsciiDigit) && int.Parse(step) is > 0 and var number && number <= most)
            return number;

        Wrong(field, item, $"a step is 1 to {most}, because every {Above(field)} starts afresh. core.intervaltimer fires any time apart.");
        return null;
    }

    static string Above(CronField field) => field switch
    {
        _ when field == CronField.Second => "minute",
        _ when field == CronField.Minute => "hour",
        _ when field == CronField.Hour => "day",
        _ when field == CronField.DayOfMonth => "month",
        _ when field == CronField.Month => "year",
        _ => "week",
    };

    (int? From, int? To) Bounds(CronField field, string item, string values, bool hasStep)
    {
        if (values is "*")
            return (field.Min, field.Max);

        var dash = values.IndexOf('-');
        if (dash >= 0)
            return (Value(field, item, values[..dash]), Value(field, item, values[(dash + 1)..]));

        var value = Value(field, item, values);
        return (value, hasStep ? field.Max : value);
    }

    int? Value(CronField field, string item, string value)
    {
        var found = field.Value(value, out var problem);
        if (problem is not null)
            Wrong(field, item, problem);
        return found;
    }

    static ulong Range(CronField field, int from, int to, int step)
    {
        // A range that ends before it begins goes on from the start: FRI-MON, 22-2.
        if (field == CronField.DayOfWeek && from == 7)
            (from, to) = (0, to % 7);
        var length = to >= from ? to - from : to - from + field.Size;
        var mask = 0ul;
        for (var done = 0; done <= length; done += step)
            mask |= 1ul << (from - field.Min + done) % field.Size + field.Min;
        return mask;
    }

    bool IsDate(string item)
    {
        switch (item.ToUpperInvariant())
        {
            case "L":
                days.BeforeLast |= 1;
                return true;
            case "LW" or "WL":
                days.LastWeekday = true;
                return true;
            case ['L', '-', .. var before]:
                if (before.Length is 1 or 2 && before.All(char.IsAsciiDigit) && int.Parse(before) is >= 1 and <= 30 and var count)
                    days.BeforeLast |= 1u << count;
                else
                    Wrong(CronField.DayOfMonth, item, "`L-3` means three days before the last; the number is 1 to 30.");
                return true;
            case [.. var date, 'W']:
                if (Value(CronField.DayOfMonth, item, date) is { } day)
                    days.NearestWeekdays |= 1u << day;
                return true;
            default:
                return false;
        }
    }

    bool IsWeekday(string item)
    {
        if (item is "L" or "l")
        {
            Wrong(CronField.DayOfWeek, item, "`L` needs a weekday before it: `5L` is the last Friday. The month's last day is `L` as day of month.");
            return true;
        }

        if (item.IndexOf('#') is >= 0 and var hash)
        {
            var nth = item[(hash + 1)..];
            var weekday = Value(CronField.DayOfWeek, item, item[..hash]);
            if (nth is not ("1" or "2" or "3" or "4" or "5"))
                Wrong(CronField.DayOfWeek, item, "after `#` comes 1 to 5: `MON#2` is the second Monday.");
            else if (weekday is not null)
                days.NthOfWeekday[nth[0] - '1'] |= 1u << weekday.Value % 7;
            return true;
        }

        if (item[^1] is not ('L' or 'l'))
            return false;
        if (Value(CronField.DayOfWeek, item, item[..^1]) is { } last)
            days.LastOfWeekday |= 1u << last % 7;
        return true;
    }

    ulong Wrong(CronField field, string item, string problem)
    {
        if (problems.Count < 20)
            problems.Add($"{field.Name} '{(item.Length <= 20 ? item : item[..20] + "…")}': {problem}");
        return 0;
    }

    static bool IsRhythm(string field) => field.Contains('*') || field.Contains('/');

    static bool IsOpen(string field) => field[0] is '*' or '?';
}
