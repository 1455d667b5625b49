using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Attune.Engine.Matching;

/// <summary>Regular expressions that end in time and never deny a match that is there.</summary>
/// <remarks>
/// `RegexOptions.NonBacktracking` with a timeout looks at the clock every 1000 characters. Once its automaton has grown to its limit, as
/// `a[ab]{20}x` makes it in a text of a and b, .NET 10 forgets there what it has seen: it misses matches, though it never makes one up. Without a
/// timeout it is right, and may take minutes. So what it denies of a longer text is asked of the backtracking engine too, which is stopped in time.
/// </remarks>
static class SureMatching
{
    const int SureLength = 1000;

    /// <summary>Of the backtracking engine, for one match.</summary>
    public static readonly TimeSpan SecondTimeout = TimeSpan.FromMilliseconds(250);

    static readonly ConditionalWeakTable<Regex, Regex> Seconds = [];

    /// <exception cref="RegexMatchTimeoutException">It is not known in time.</exception>
    public static bool IsSureMatch(this Regex pattern, string text)
        => pattern.IsMatch(text) || (IsUnsure(pattern, text.Length) && SecondOf(pattern).IsMatch(text));

    /// <summary>The first match from <paramref name="start"/> on, or <see cref="Match.Empty"/>.</summary>
    /// <exception cref="RegexMatchTimeoutException">It is not known in time.</exception>
    public static Match SureMatch(this Regex pattern, string text, int start)
        // Here what it finds may be a later one than the first.
        => (IsUnsure(pattern, text.Length - start) ? SecondOf(pattern) : pattern).Match(text, start);

    static bool IsUnsure(Regex pattern, int length) => length > SureLength && pattern.Options.HasFlag(RegexOptions.NonBacktracking);

    static Regex SecondOf(Regex pattern)
        => Seconds.GetValue(pattern, first => new(first.ToString(), first.Options & ~RegexOptions.NonBacktracking, SecondTimeout));
}
