using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Attune.Engine.Expressions;

/// <summary>
/// Regular expressions that cannot run away: without backtracking where the pattern allows it, otherwise within a time. Patterns that are
/// no literals are kept in a small cache.
/// </summary>
static class Patterns
{
    public const int LengthMax = 1000;
    const int KeptMax = 256;

    // Nobody but a hostile pattern or a hostile text needs a hundredth of it.
    static readonly TimeSpan TimePerMatch = TimeSpan.FromMilliseconds(100);

    static readonly ConcurrentDictionary<string, Regex> Kept = new(StringComparer.Ordinal);

    public static TimeSpan TimePerEvaluation { get; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Null where <paramref name="problem"/> says what is wrong with it.</summary>
    public static Regex? Compile(string pattern, out string? problem)
    {
        problem = null;
        if (pattern.Length > LengthMax)
        {
            problem = $"The pattern is longer than {LengthMax} characters.";
            return null;
        }

        try
        {
            return new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimePerMatch);
        }
        catch (RegexParseException exception)
        {
            problem = $"The pattern is no regular expression: at its character {Math.Max(1, exception.Offset)}: {Sentence(exception.Error)}.";
            return null;
        }
        catch (NotSupportedException)
        {
            // Look-around and back references need the backtracking engine; the time keeps them harmless.
            return new(pattern, RegexOptions.CultureInvariant, TimePerMatch);
        }
    }

    /// <summary>The same for a pattern that is made anew at each evaluation.</summary>
    public static Regex? Find(string pattern, out string? problem)
    {
        problem = null;
        if (Kept.TryGetValue(pattern, out var kept))
            return kept;

        var compiled = Compile(pattern, out problem);
        if (compiled is null)
            return null;

        if (Kept.Count >= KeptMax)
            Kept.Clear();
        Kept[pattern] = compiled;
        return compiled;
    }

    /// <summary>Matches within what is left of the evaluation's time for it.</summary>
    public static Match Match(ref Evaluation evaluation, int position, Regex pattern, string text, int start)
    {
        var began = Stopwatch.GetTimestamp();
        Match match;
        try
        {
            match = pattern.Match(text, start);
        }
        catch (RegexMatchTimeoutException)
        {
            throw evaluation.Fail(position, "The regular expression takes too long: simplify the pattern or shorten the text.");
        }

        evaluation.Matched(position, Stopwatch.GetElapsedTime(began));
        return match;
    }

    // `QuantifierAfterNothing` → `quantifier after nothing`; the library's own message repeats the pattern, which may be secret.
    static string Sentence(RegexParseError error)
        => string.Concat(error.ToString().Select((letter, index) => index > 0 && char.IsUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));
}
