using System.Text.RegularExpressions;

namespace Attune.Packs;

/// <summary>How packs and the things inside them are named: `edge` and `edge.check_cert`.</summary>
public static partial class PackNames
{
    public const int MaxLength = 128;

    public static bool IsPack(string text) => text.Length <= MaxLength && Pack().IsMatch(text);

    public static bool IsInside(string text) => text.Length <= MaxLength && Inside().IsMatch(text);

    /// <summary>`edge` of `edge.check_cert`; empty where there is no dot.</summary>
    public static string PackOf(string reference) => reference.IndexOf('.') is > 0 and var dot ? reference[..dot] : "";

    [GeneratedRegex(@"^[a-z][a-z0-9_-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pack();

    [GeneratedRegex(@"^[a-z][a-z0-9_-]+\.[a-z0-9][a-z0-9_-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Inside();
}
