using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Attune.Engine.Versions;

/// <summary>A version with the precedence of SemVer 2.0.0 (semver.org, 11). Build metadata is kept and never compared.</summary>
public sealed partial record SemVersion(long Major, long Minor, long Patch) : IComparable<SemVersion>
{
    /// <summary>`rc.1`; empty for a release.</summary>
    public string Prerelease { get; init; } = "";

    public string Build { get; init; } = "";

    /// <summary>Reads exactly what SemVer 2 allows: `1.4.0`, `1.4.0-rc.1+build.5`. For a pack's own version.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SemVersion? version) => TryRead(Strict().Match(text), out version);

    /// <summary>
    /// Reads what interpreters print: `3.11.2`, `v20.11`, `5`, `1.2.3.4`, `3.13.0rc1`, `5.2.15(1)-release`. Missing numbers are 0, a fourth
    /// is ignored, and what follows the numbers counts as a pre-release only where it reads like one (a, b, rc, alpha, beta, dev, pre).
    /// </summary>
    public static bool TryParseLenient(string text, [NotNullWhen(true)] out SemVersion? version)
    {
        text = text.Trim();
        return TryParse(text, out version) || TryRead(Loose().Match(text), out version);
    }

    public static bool operator <(SemVersion left, SemVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(SemVersion left, SemVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(SemVersion left, SemVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(SemVersion left, SemVersion right) => left.CompareTo(right) >= 0;

    public int CompareTo(SemVersion? other)
    {
        if (other is null)
            return 1;

        var order = (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));
        return order != 0 ? order : ComparePrerelease(Prerelease, other.Prerelease);
    }

    public bool Equals(SemVersion? other) => other is not null && CompareTo(other) == 0;

    public override int GetHashCode() => HashCode.Combine(Major, Minor, Patch, Prerelease);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Patch}")
        + (Prerelease is "" ? "" : "-" + Prerelease) + (Build is "" ? "" : "+" + Build);

    static int ComparePrerelease(string left, string right)
    {
        if (left is "" || right is "")
            return (left is "").CompareTo(right is "");

        var (lefts, rights) = (left.Split('.'), right.Split('.'));
        for (var index = 0; index < Math.Min(lefts.Length, rights.Length); index++)
        {
            if (CompareIdentifier(lefts[index], rights[index]) is not 0 and var order)
                return order;
        }

        return lefts.Length.CompareTo(rights.Length);
    }

    // Digits can outgrow any integer type, so they compare by length first; SemVer forbids leading zeros.
    static int CompareIdentifier(string left, string right) => (left.All(char.IsAsciiDigit), right.All(char.IsAsciiDigit)) switch
    {
        (true, true) when left.Length != right.Length => left.Length.CompareTo(right.Length),
        (true, false) => -1,
        (false, true) => 1,
        _ => string.CompareOrdinal(left, right),
    };

    static bool TryRead(Match match, [NotNullWhen(true)] out SemVersion? version)
    {
        version = match.Success && Number("major", out var major) && Number("minor", out var minor) && Number("patch", out var patch)
            ? new(major, minor, patch) { Prerelease = match.Groups["pre"].Value, Build = match.Groups["build"].Value }
            : null;
        return version is not null;

        bool Number(string group, out long number)
        {
            number = 0;
            return !match.Groups[group].Success
                || long.TryParse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out number);
        }
    }

    // The expression that semver.org recommends.
    [GeneratedRegex(
        @"^(?<major>0|[1-9][0-9]*)\.(?<minor>0|[1-9][0-9]*)\.(?<patch>0|[1-9][0-9]*)"
        + @"(?:-(?<pre>(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
        + @"(?:\+(?<build>[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Strict();

    [GeneratedRegex(
        @"^[vV]?(?<major>[0-9]+)(\.(?<minor>[0-9]+))?(\.(?<patch>[0-9]+))?(\.[0-9]+)*"
        + @"([-._+]?(?<pre>(a|b|c|rc|alpha|beta|dev|pre|preview|nightly)[-.]?[0-9]*)(?![a-zA-Z]))?",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Loose();
}
