using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Attune.Engine.Versions;

/// <summary>
/// Which versions will do: `>=3.9`, `>=1.0 &lt;2` (a comma may stand for the space), `^1.2` (up to the next major), `~1.2` (up to the next
/// minor), `1.x`, `1.2` (any 1.2), `=1.2.3`, `!=1.2.3`, `*`, and alternatives with `||`. A pre-release fits only where a bound of the same
/// alternative names a pre-release of the same three numbers, so `>=1.0` never picks `2.0.0-rc.1`.
/// </summary>
public sealed partial class VersionRange
{
    const int MaxLength = 200;

    readonly string text;
    readonly IReadOnlyList<IReadOnlyList<Bound>> alternatives;

    VersionRange(string text, IReadOnlyList<IReadOnlyList<Bound>> alternatives) => (this.text, this.alternatives) = (text, alternatives);

    enum Comparison
    {
        AtLeast,
        Above,
        Below,
        AtMost,
        NotEqual,
    }

    public static VersionRange Any { get; } = new("*", [[]]);

    /// <summary>On failure <paramref name="problem"/> says what is wrong and what would be right.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out VersionRange? range, [NotNullWhen(false)] out string? problem)
    {
        range = null;
        problem = null;
        if (text.Length > MaxLength)
        {
            problem = $"A version range has at most {MaxLength} characters.";
            return false;
        }

        var alternatives = new List<IReadOnlyList<Bound>>();
        foreach (var alternative in text.Split("||", StringSplitOptions.TrimEntries))
        {
            var bounds = new List<Bound>();
            if (Read(alternative, text, bounds) is { } wrong)
            {
                problem = wrong;
                return false;
            }

            alternatives.Add(bounds);
        }

        range = new(text, alternatives);
        return true;
    }

    public bool Contains(SemVersion version) => alternatives.Any(bounds => bounds.All(bound => bound.Admits(version))
        && (version.Prerelease is "" || bounds.Any(bound => bound.NamesPrereleaseOf(version))));

    /// <summary>As it was written.</summary>
    public override string ToString() => text;

    static string? Read(string alternative, string whole, List<Bound> bounds)
    {
        if (alternative is "")
            return whole.Trim() is "" ? "A version range is missing: `>=1.0`, `^1.2`, `1.x` or `*`." : $"'{whole}' has nothing beside `||`.";

        var end = 0;
        foreach (Match part in Part().Matches(alternative))
        {
            if (part.Index != end)
                break;
            end = part.Index + part.Length;
            if (Read(part, bounds) is { } wrong)
                return wrong;
        }

        return end == alternative.Length
            ? null
            : $"'{alternative[end..]}' is no version bound: write one like `>=3.9`, `^1.2`, `~1.2`, `1.x` or `*`, separated by spaces.";
    }

    static string? Read(Match part, List<Bound> bounds)
    {
        var numbers = new long?[3];
        for (var index = 0; index < 3; index++)
        {
            var group = part.Groups[index + 1];
            if (!group.Success || group.ValueSpan is "x" or "X" or "*")
                continue;
            if (!long.TryParse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == long.MaxValue)
                return $"'{part.Value.Trim()}' holds a number that is too great.";
            if (index > 0 && numbers[index - 1] is null)
                return $"'{part.Value.Trim()}' has a number after an `x`.";
            numbers[index] = number;
        }

        var prerelease = part.Groups["pre"].Value;
        if (prerelease is not "" && numbers[2] is null)
            return $"'{part.Value.Trim()}' has a pre-release without all three numbers.";

        return Read(part.Groups["op"].Value, numbers, prerelease, bounds) ? null : $"'{part.Value.Trim()}' needs a number.";
    }

    static bool Read(string comparison, long?[] numbers, string prerelease, List<Bound> bounds)
    {
        var low = new SemVersion(numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0) { Prerelease = prerelease };
        if (numbers[0] is null)
            return comparison is "" or ">=" or "=" or "==";

        // `1`, `1.2` and `1.2.x` stand for everything below the next version of that length.
        var above = numbers[1] is null ? Next(low.Major + 1, 0, 0) : numbers[2] is null ? Next(low.Major, low.Minor + 1, 0) : null;
        switch (comparison)
        {
            case ">=":
                bounds.Add(new(Comparison.AtLeast, low));
                break;
            case "<":
                bounds.Add(new(Comparison.Below, low));
                break;
            case ">":
                bounds.Add(above is null ? new(Comparison.Above, low) : new(Comparison.AtLeast, above));
                break;
            case "<=":
                bounds.Add(above is null ? new(Comparison.AtMost, low) : new(Comparison.Below, above));
                break;
            case "!=":
                bounds.Add(above is null ? new(Comparison.NotEqual, low) : new(Comparison.NotEqual, low) { Below = above });
                break;
            case "^":
                bounds.Add(new(Comparison.AtLeast, low));
                bounds.Add(new(Comparison.Below, Caret(numbers, low)));
                break;
            case "~" or "~=" or "~>":
                bounds.Add(new(Comparison.AtLeast, low));
                bounds.Add(new(Comparison.Below, numbers[1] is null ? Next(low.Major + 1, 0, 0) : Next(low.Major, low.Minor + 1, 0)));
                break;
            default:
                bounds.Add(new(Comparison.AtLeast, low));
                bounds.Add(above is null ? new(Comparison.AtMost, low) : new(Comparison.Below, above));
                break;
        }

        return true;
    }

    // Up to the next change of the leftmost number that is not zero: ^0.2.3 ends below 0.3.0.
    static SemVersion Caret(long?[] numbers, SemVersion low) => (low.Major, numbers[1], numbers[2]) switch
    {
        ( > 0, _, _) or (_, null, _) => Next(low.Major + 1, 0, 0),
        (_, > 0, _) or (_, _, null) => Next(0, low.Minor + 1, 0),
        _ => Next(0, 0, low.Patch + 1),
    };

    static SemVersion Next(long major, long minor, long patch) => new(major, minor, patch);

    [GeneratedRegex(
        @"\G[\s,]*(?<op>>=|<=|==|!=|~=|~>|>|<|=|\^|~)?\s*[vV]?(?<1>[0-9]+|[xX*])(\.(?<2>[0-9]+|[xX*]))?(\.(?<3>[0-9]+|[xX*]))?"
        + @"(-(?<pre>[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*))?(\+[0-9A-Za-z.-]+)?(?=[\s,]|\z)\s*",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Part();

    sealed record Bound(Comparison Comparison, SemVersion Version)
    {
        /// <summary>For `!=1.2`: everything from the version up to here is unequal to none.</summary>
        public SemVersion? Below { get; init; }

        public bool Admits(SemVersion version) => Comparison switch
        {
            Comparison.AtLeast => version >= Version,
            Comparison.Above => version > Version,
            Comparison.Below => version < Version,
            Comparison.AtMost => version <= Version,
            _ => Below is null ? version != Version : version < Version || version >= Below,
        };

        public bool NamesPrereleaseOf(SemVersion version) => Version.Prerelease is not ""
            && (Version.Major, Version.Minor, Version.Patch) == (version.Major, version.Minor, version.Patch);
    }
}
