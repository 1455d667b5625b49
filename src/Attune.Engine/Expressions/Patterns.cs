using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Attune.Engine.Matching;

namespace Attune.Engine.Expressions;

/// <summary>
/// Regular expressions that cannot run away: without backtracking where the pattern allows it, otherwise within a time. Patterns that are
/// no literals are kept in a small cache.
/// </summary>
static partial class Patterns
{
    public const int LengthMax = 1000;
    const int KeptMax = 256;
    const string TooLong = "The regular expression takes too long: simplify the pattern or shorten the text.";
    const int CostOfBacktracking = 10;

    static readonly TimeSpan TimePerBacktrackingMatch = TimePerEvaluation / CostOfBacktracking;

    static readonly ConcurrentDictionary<string, Regex> Kept = new(StringComparer.Ordinal);

    /// <summary>
    /// Of all matches together; those by backtracking count ten times, as only time stops them. Generous, because a busy machine makes
    /// milliseconds of microseconds, and only a hostile pattern comes near it.
    /// </summary>
    public static TimeSpan TimePerEvaluation => TimeSpan.FromSeconds(2);

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
            return new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimePerEvaluation);
        }
        catch (RegexParseException exception)
        {
            problem = $"The pattern is no regular expression: at its character {Math.Max(1, exception.Offset)}: {Sentence(exception.Error)}.";
            return null;
        }
        catch (NotSupportedException)
        {
            // Look-around and back references need the backtracking engine; the time keeps them harmless.
            return new(pattern, RegexOptions.CultureInvariant, TimePerBacktrackingMatch);
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

    /// <summary>Whether it matches anywhere, without keeping where.</summary>
    public static bool IsMatch(ref Evaluation evaluation, int position, Regex pattern, string text)
    {
        var began = Stopwatch.GetTimestamp();
        bool isMatch;
        try
        {
            isMatch = pattern.IsSureMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            throw evaluation.Fail(position, TooLong);
        }

        evaluation.Matched(position, Cost(pattern, began));
        return isMatch;
    }

    /// <summary>Matches within what is left of the evaluation's time for it.</summary>
    public static Match Match(ref Evaluation evaluation, int position, Regex pattern, string text, int start)
    {
        var began = Stopwatch.GetTimestamp();
        Match match;
        try
        {
            match = pattern.SureMatch(text, start);
        }
        catch (RegexMatchTimeoutException)
        {
            throw evaluation.Fail(position, TooLong);
        }

        evaluation.Matched(position, Cost(pattern, began));
        return match;
    }

    static TimeSpan Cost(Regex pattern, long began)
        => Stopwatch.GetElapsedTime(began) * (pattern.Options.HasFlag(RegexOptions.NonBacktracking) ? 1 : CostOfBacktracking);

    // `QuantifierAfterNothing` → `quantifier after nothing`; the library's own message repeats the pattern, which may be secret.
    static string Sentence(RegexParseError error)
        => Capital().Replace(error.ToString(), " $0").ToLowerInvariant();

    [GeneratedRegex("(?<=.)[A-Z]")]
    private static partial Regex Capital();
}
