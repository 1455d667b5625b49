using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Attune.Engine.Matching;

/// <summary>Regular expressions that end in time and never deny a match that is there.</summary>
/// <remarks>
/// `RegexOptions.NonBacktracking` with a timeout looks at the clock every 1000 characters. Once its automaton has grown to its limit, as
/// `a[ab]{20}x` makes it in a text of a and b, .NET 10 forgets there what it has seen: it misses matches, though it never makes one up. Without a
/// timeout it is right, and may take minutes. So longer texts are for the backtracking engine, which is stopped in time; where it is, only
/// a match that the other one finds counts.
/// </remarks>
static class SureMatching
{
    const int SureLength = 1000;

    static readonly ConditionalWeakTable<Regex, Regex> Backtracking = [];

    /// <summary>Takes half as long again as the pattern's timeout, at most.</summary>
    /// <exception cref="RegexMatchTimeoutException">It is not known in time.</exception>
    public static bool IsSureMatch(this Regex pattern, string text)
    {
        if (IsSure(pattern, text.Length))
            return pattern.IsMatch(text);

        try
        {
            return BacktrackingOf(pattern).IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            if (pattern.IsMatch(text))
                return true;
            throw;
        }
    }

    /// <summary>The first match from <paramref name="start"/> on, or <see cref="Match.Empty"/>.</summary>
    /// <exception cref="RegexMatchTimeoutException">It is not known in time.</exception>
    public static Match SureMatch(this Regex pattern, string text, int start)
        // What the other engine finds may be a later one than the first.
        => (IsSure(pattern, text.Length - start) ? pattern : BacktrackingOf(pattern)).Match(text, start);

    static bool IsSure(Regex pattern, int length) => length <= SureLength || !pattern.Options.HasFlag(RegexOptions.NonBacktracking);

    static Regex BacktrackingOf(Regex pattern) => Backtracking.GetValue(
        pattern, linear => new(linear.ToString(), linear.Options & ~RegexOptions.NonBacktracking, linear.MatchTimeout / 2));
}
