using Attune.Engine.Schemas;

namespace Attune.Engine.Timers;

/// <summary>One place of a cron expression: what it is called and which values it takes.</summary>
sealed record CronField(string Name, int Min, int Max, string[] Names)
{
    public static readonly CronField Second = new("second", 0, 59, []);
    public static readonly CronField Minute = new("minute", 0, 59, []);
    public static readonly CronField Hour = new("hour", 0, 23, []);
    public static readonly CronField DayOfMonth = new("day of month", 1, 31, []);

    public static readonly CronField Month = new(
        "month", 1, 12, ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]);

    /// <summary>7 is Sunday too.</summary>
    public static readonly CronField DayOfWeek = new("day of week", 0, 7, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]);

    public bool IsDay => this == DayOfMonth || this == DayOfWeek;

    /// <summary>How many different values it has.</summary>
    public int Size => this == DayOfWeek ? 7 : Max - Min + 1;

    /// <summary>A number or a name; null where <paramref name="problem"/> says why not.</summary>
    public int? Value(string text, out string? problem)
    {
        problem = null;
        if (Array.FindIndex(Names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase)) is >= 0 and var index)
            return index + Min;
        if (text.Length is > 0 and <= 4 && text.All(char.IsAsciiDigit) && int.Parse(text) is var number && number >= Min && number <= Max)
            return number;

        var values = Names.Length > 0 ? $"{Min} to {Max} or {Names[0]} to {Names[^1]}" : $"{Min} to {Max}";
        problem = text is not "" && text.All(char.IsAsciiDigit)
            ? $"{Cut(text)} is out of range: {values}."
            : $"'{Cut(text)}' is no {Name}: {values}.{Meant(text)}";
        return null;
    }

    static string Cut(string text) => text.Length <= 20 ? text : text[..20] + "…";

    string Meant(string text) => Names.Length > 0 && text.Length is > 0 and <= 20
        && (Array.Find(Names, name => text.StartsWith(name, StringComparison.OrdinalIgnoreCase))
            ?? NearestName.Find(text.ToUpperInvariant(), Names)) is { } nearest
            ? $" Did you mean {nearest}?"
            : "";
}
