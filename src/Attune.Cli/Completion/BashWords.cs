namespace Attune.Cli.Completion;

/// <summary>
/// Bash breaks words at = and : (COMP_WORDBREAKS), which stand inside ours: `k=v` arrives as three words, and only what follows the
/// break may be answered. This puts them together, and takes apart what is answered.
/// </summary>
static class BashWords
{
    public static IReadOnlyList<string> Join(IReadOnlyList<string> broken)
    {
        var words = new List<string>();
        var open = false;
        foreach (var word in broken)
        {
            var isBreak = word.Length > 0 && word.All(each => each is '=' or ':');
            if ((isBreak || open) && words.Count > 0)
                words[^1] += word;
            else
                words.Add(word);
            open = isBreak;
        }

        return words;
    }

    /// <summary>The part of a candidate that bash is to put in for its own last word.</summary>
    public static string Tail(string candidate, string typed)
    {
        var broken = typed.LastIndexOfAny(['=', ':']);
        return broken < 0 ? candidate : candidate[(broken + 1)..];
    }
}
