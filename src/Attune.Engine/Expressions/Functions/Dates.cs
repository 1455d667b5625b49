using System.Globalization;
using System.Text.RegularExpressions;
using Attune.Engine.Schemas;

namespace Attune.Engine.Expressions.Functions;

/// <summary>What the functions for dates share.</summary>
static partial class Dates
{
    public const string OutOfRange = "The date would be outside of the years 1 to 9999.";
    public const string FormatProblem = "This is no format of a date: it is made of yyyy MM dd HH mm ss fff zzz, ddd, MMM and the like.";

    const int LengthMax = 100;

    // Reading and writing dates and looking up zones costs about as much as this many characters looked at.
    const int Weight = 64 * 4;

    static readonly string[] Formats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd' 'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd't'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd' 'HH:mmK",
        "yyyy-MM-dd",
    ];

    static readonly (string Name, long? Ticks)[] Units =
    [
        ("seconds", TimeSpan.TicksPerSecond), ("minutes", TimeSpan.TicksPerMinute), ("hours", TimeSpan.TicksPerHour), ("days", null), ("weeks", null),
        ("months", null), ("years", null),
    ];

    public static string Text(DateTimeOffset date) => date.Offset == TimeSpan.Zero
        ? date.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture)
        : date.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture);

    /// <summary>The date in an argument, in the zone of another where that is given.</summary>
    public static DateTimeOffset At(ref Evaluation evaluation, Call call, int index, int zone = int.MaxValue)
        => Zoned(ref evaluation, call, Read(ref evaluation, call, index, null, TimeZoneInfo.Utc), zone);

    public static DateTimeOffset Zoned(ref Evaluation evaluation, Call call, DateTimeOffset date, int zone)
    {
        if (!call.Has(zone))
            return date;

        try
        {
            return TimeZoneInfo.ConvertTime(date, Zone(ref evaluation, call, zone));
        }
        catch (ArgumentOutOfRangeException)
        {
            throw evaluation.Fail(call.Position, OutOfRange);
        }
    }

    public static DateTimeOffset Read(ref Evaluation evaluation, Call call, int index, string? format, TimeZoneInfo zone)
    {
        const DateTimeStyles Styles = DateTimeStyles.RoundtripKind;
        evaluation.Work(call.Position, Weight);
        var text = call.Text(index);
        if (text.Length <= LengthMax)
        {
            // Only the reader of dates without offset says whether there was one.
            var found = format is null
                ? DateTime.TryParseExact(text, Formats, CultureInfo.InvariantCulture, Styles, out var read)
                : DateTime.TryParseExact(text, format, CultureInfo.InvariantCulture, Styles, out read);
            if (found && read.Kind is DateTimeKind.Unspecified)
                return InZone(ref evaluation, call, read, zone);

            found = format is null
                ? DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
                : DateTimeOffset.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out date);
            if (found)
                return date;
        }

        throw evaluation.Fail(call.PositionOf(index), format is null
            ? $"{call.Name}() needs a date such as 2026-11-22T08:30:00Z: this string is none."
            : $"{call.Name}() finds no date of this format in the text.");
    }

    /// <summary>A time that the clock skips is moved on by what it skips; of a time that comes twice the first is meant.</summary>
    public static DateTimeOffset InZone(ref Evaluation evaluation, Call call, DateTime local, TimeZoneInfo zone)
    {
        try
        {
            return InZone(local, zone);
        }
        catch (ArgumentException)
        {
            throw evaluation.Fail(call.Position, OutOfRange);
        }
    }

    static DateTimeOffset InZone(DateTime local, TimeZoneInfo zone)
    {
        local = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        if (zone.IsAmbiguousTime(local))
            return new(local, zone.GetAmbiguousTimeOffsets(local).Max());
        if (!zone.IsInvalidTime(local))
            return new(local, zone.GetUtcOffset(local));

        // By the offset from before the gap, as RFC 5545 says; no zone has two gaps within a day.
        var before = zone.GetUtcOffset(local.AddDays(-1));
        return TimeZoneInfo.ConvertTime(new DateTimeOffset(local, before), zone);
    }

    public static TimeZoneInfo Zone(ref Evaluation evaluation, Call call, int index)
    {
        evaluation.Work(call.Position, Weight);
        var name = call.Text(index);
        if (ZoneName().IsMatch(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
            return zone;

        var hint = NearestZone(name) is { } near ? $" Did you mean '{near}'?" : "";
        throw evaluation.Fail(call.PositionOf(index), $"This is no time zone such as Europe/Berlin.{hint}");
    }

    // Of six hundred zones only those are looked at closely that begin or end alike.
    static string? NearestZone(string name) => name.Length is < 3 or > 64 ? null : NearestName.Find(
        name,
        from zone in TimeZoneInfo.GetSystemTimeZones()
        where Math.Abs(zone.Id.Length - name.Length) <= 3
            && (zone.Id.StartsWith(name[..3], StringComparison.OrdinalIgnoreCase) || zone.Id.EndsWith(name[^3..], StringComparison.OrdinalIgnoreCase))
        select zone.Id);

    // The name becomes the path of a file.
    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9/_+-]{0,63}\z")]
    private static partial Regex ZoneName();

    /// <summary>A single letter would be one of .NET's own formats, not that letter's part of the date.</summary>
    public static string FormatOf(ref Evaluation evaluation, Call call, int index) => call.Text(index) switch
    {
        { Length: 0 or > LengthMax } => throw evaluation.Fail(call.PositionOf(index), $"The format of a date has 1 to {LengthMax} characters."),
        { Length: 1 } letter => "%" + letter,
        var format => format,
    };

    public static (string Name, long? Ticks) Unit(ref Evaluation evaluation, Call call, int index, bool byCalendar)
    {
        var name = call.Text(index);
        foreach (var unit in Units)
        {
            if (unit.Name != name && unit.Name[..^1] != name)
                continue;
            if (byCalendar)
                return unit;
            if (unit.Ticks is not null)
                return unit;
            if (unit.Name is "days" or "weeks")
                return (unit.Name, unit.Name is "days" ? TimeSpan.TicksPerDay : 7 * TimeSpan.TicksPerDay);
        }

        string[] known = [.. Units.Select(unit => unit.Name).Take(byCalendar ? 7 : 5)];
        throw evaluation.Fail(call.PositionOf(index), Unknown("unit", name, known));
    }

    public static string Unknown(string what, string name, string[] known)
        => $"There is no {what} '{Nodes.MissingName.Cut(name)}'.{NearestName.Suggest(name, known)}";

    /// <summary>An int where it comes out even.</summary>
    public static Value Amount(TimeSpan difference, long unit)
        => difference.Ticks % unit == 0 ? Value.Of(difference.Ticks / unit) : Value.Of((double)difference.Ticks / unit);

    public static DateTimeOffset Moved(ref Evaluation evaluation, Call call, DateTimeOffset date, Value amount, long unit)
    {
        var ticks = Math.Round(amount.AsDouble() * unit);
        if (!NumberOrder.IsWhole(ticks, out var whole))
            throw evaluation.Fail(call.Position, OutOfRange);

        try
        {
            return date.AddTicks(amount.Kind is ValueKind.Int ? checked(amount.AsInt() * unit) : whole);
        }
        catch (Exception outside) when (outside is ArgumentOutOfRangeException or OverflowException)
        {
            throw evaluation.Fail(call.Position, OutOfRange);
        }
    }
}
