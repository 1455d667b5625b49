using System.Globalization;
using Attune.Cli.Terminals;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Output;

/// <summary>How values read in a table.</summary>
static class Texts
{
    /// <summary>`just now`, `3 min ago`, `in 2 h`; beyond 30 days the date.</summary>
    public static string Ago(Timestamp? time, TimeProvider clock)
    {
        if (time is null)
            return "";

        var moment = time.ToDateTimeOffset();
        var span = clock.GetUtcNow() - moment;
        var size = span.Duration();
        if (size < TimeSpan.FromSeconds(5))
            return span < TimeSpan.Zero ? "in a moment" : "just now";
        if (size > TimeSpan.FromDays(30))
            return moment.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

        var text = size switch
        {
            { TotalMinutes: < 1 } => $"{size.Seconds} s",
            { TotalHours: < 1 } => $"{(int)size.TotalMinutes} min",
            { TotalDays: < 2 } => $"{(int)size.TotalHours} h",
            _ => $"{(int)size.TotalDays} d",
        };
        return span < TimeSpan.Zero ? $"in {text}" : $"{text} ago";
    }

    /// <summary>`2026-01-31 12:00:00 UTC (3 min ago)`.</summary>
    public static string Moment(Timestamp? time, TimeProvider clock)
        => time is null
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $"{time.ToDateTimeOffset():yyyy-MM-dd HH:mm:ss} UTC ({Ago(time, clock)})");

    /// <summary>`85 ms`, `1.2 s`, `3 min 5 s`, `2 h 10 min`.</summary>
    public static string Length(TimeSpan span) => span switch
    {
        { TotalMilliseconds: < 1000 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(span.TotalMilliseconds, 0):0} ms"),
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(span.TotalSeconds * 10) / 10:0.0} s"),
        { TotalHours: < 1 } => $"{(int)span.TotalMinutes} min {span.Seconds} s",
        _ => $"{(int)span.TotalHours} h {span.Minutes} min",
    };

    /// <summary>A length that somebody chose: `30 s`, `10 min`, `1 h 30 min`.</summary>
    public static string Setting(TimeSpan span)
    {
        (int Count, string Unit)[] parts =
            [(span.Days, "d"), (span.Hours, "h"), (span.Minutes, "min"), (span.Seconds, "s"), (span.Milliseconds, "ms")];
        return string.Join(' ', parts.Where(part => part.Count > 0).Select(part => $"{part.Count} {part.Unit}"));
    }

    public static string Labels(IEnumerable<KeyValuePair<string, string>> labels)
        => string.Join(", ", labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));

    public static string Size(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024 * 1024):0.0} GiB"),
    };

    public static Cell Status(ExecutionStatus status) => new(Word(status), status switch
    {
        ExecutionStatus.Completed => Tone.Good,
        ExecutionStatus.Failed or ExecutionStatus.Timeout or ExecutionStatus.Abandoned => Tone.Bad,
        ExecutionStatus.Cancelled => Tone.Dim,
        _ => Tone.Busy,
    });

    /// <summary>`ready` for ENVIRONMENT_STATUS_READY: the value without its enum's name, in small letters.</summary>
    public static string Word<T>(T value)
        where T : struct, System.Enum
        => value.ToString().ToLowerInvariant();

    public static string YesNo(bool value) => value ? "yes" : "no";

    public static string Json(Google.Protobuf.IMessage? value)
        => value switch
        {
            null => "",
            Value { KindCase: Value.KindOneofCase.StringValue } text => text.StringValue,
            Struct { Fields.Count: 0 } => "",
            _ => WireJson.Of(value),
        };
}
