using System.Text.RegularExpressions;

namespace Attune.Engine.Conditions;

/// <summary>A length of time as people write it: `90s`, `15m`, `1h30m`, `7d`, `2w`.</summary>
static partial class ShortDuration
{
    static readonly TimeSpan Longest = TimeSpan.FromDays(36_500);

    /// <summary>Null where it is none, nothing at all, or longer than 36500 days.</summary>
    public static TimeSpan? Parse(string text)
    {
        if (text.Length > 40 || !Whole().IsMatch(text))
            return null;

        var seconds = 0L;
        foreach (Match part in Part().Matches(text))
            seconds += int.Parse(part.Groups[1].ValueSpan) * SecondsOf(part.Groups[2].ValueSpan[0]);
        return seconds > 0 && seconds <= Longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    static long SecondsOf(char unit) => unit switch
    {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => 604_800,
    };

    [GeneratedRegex(@"^([0-9]{1,9}[smhdw])+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Whole();

    [GeneratedRegex("([0-9]{1,9})([smhdw])", RegexOptions.CultureInvariant)]
    private static partial Regex Part();
}
