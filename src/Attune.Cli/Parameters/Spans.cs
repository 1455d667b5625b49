using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Parameters;

/// <summary>Lengths of time as people write them: `30s`, `1h30m`, `500ms`, `7d`.</summary>
static partial class Spans
{
    public static Duration? Duration(string? text, string option) => text is null ? null : Parse(text, option).ToDuration();

    /// <summary>A moment that is so long ago, or that is written out: `1h`, `2026-01-31`, `2026-01-31T12:00Z`.</summary>
    public static Timestamp? Since(string? text, string option, TimeProvider clock)
    {
        if (text is null)
            return null;
        if (TryParse(text, out var span))
            return Timestamp.FromDateTimeOffset(clock.GetUtcNow() - span);

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            ? Timestamp.FromDateTimeOffset(moment.ToUniversalTime())
            : throw new CommandFailure($"{option}: '{text}' is neither a length of time such as 90m, 1h or 7d nor a moment such as 2026-01-31T12:00Z.");
    }

    public static TimeSpan Parse(string text, string option)
        => TryParse(text, out var span)
            ? span
            : throw new CommandFailure($"{option}: '{text}' is not a length of time such as 500ms, 30s, 5m, 1h30m or 7d.");

    public static bool TryParse(string text, out TimeSpan span)
    {
        span = TimeSpan.Zero;
        if (Whole.Match(text) is not { Success: true } match)
            return false;

        var numbers = match.Groups["number"].Captures;
        var units = match.Groups["unit"].Captures;
        try
        {
            for (var part = 0; part < numbers.Count; part++)
                span += double.Parse(numbers[part].Value, CultureInfo.InvariantCulture) * Unit(units[part].Value);
        }
        catch (OverflowException)
        {
            return false;
        }

        return true;
    }

    static TimeSpan Unit(string unit) => unit switch
    {
        "ms" => TimeSpan.FromMilliseconds(1),
        "s" => TimeSpan.FromSeconds(1),
        "m" => TimeSpan.FromMinutes(1),
        "h" => TimeSpan.FromHours(1),
        _ => TimeSpan.FromDays(1),
    };

    [GeneratedRegex(@"\A(?:(?<number>[0-9]+(?:\.[0-9]+)?)(?<unit>ms|s|m|h|d))+\z", RegexOptions.CultureInvariant)]
    static partial Regex Whole { get; }
}
