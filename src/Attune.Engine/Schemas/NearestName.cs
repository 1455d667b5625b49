namespace Attune.Engine.Schemas;

/// <summary>Finds what a misspelled name was probably meant to be.</summary>
public static class NearestName
{
    /// <summary>The closest candidate, or null where none is close enough to suggest.</summary>
    public static string? Find(string name, IEnumerable<string> candidates)
    {
        var limit = Math.Max(1, name.Length / 3) + 1;
        var bare = Bare(name);
        string? nearest = null;
        foreach (var candidate in candidates)
        {
            // `timeoutSeconds` and `timeout-seconds` are `timeout_seconds`, however many edits that takes.
            var distance = Bare(candidate) == bare ? 0 : Distance(name, candidate, limit);
            if (distance >= limit)
                continue;
            (limit, nearest) = (distance, candidate);
        }

        return nearest;
    }

    /// <summary>` Did you mean 'x'?`, or the names there are, or nothing to suggest; ready to append to a sentence.</summary>
    public static string Suggest(string name, IReadOnlyCollection<string> candidates)
    {
        if (name.Length <= 100 && Find(name, candidates) is { } nearest)
            return $" Did you mean '{nearest}'?";

        return candidates.Count is > 0 and <= 12 ? $" Known: {string.Join(", ", candidates)}." : "";
    }

    static string Bare(string name)
        => string.Concat(name.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant));

    // Edits with transpositions, so that `hots` is one step from `host`; gives up at the limit.
    static int Distance(string from, string to, int limit)
    {
        if (Math.Abs(from.Length - to.Length) >= limit)
            return limit;

        var table = new int[from.Length + 1, to.Length + 1];
        for (var row = 0; row <= from.Length; row++)
            table[row, 0] = row;
        for (var column = 0; column <= to.Length; column++)
            table[0, column] = column;

        for (var row = 1; row <= from.Length; row++)
        {
            for (var column = 1; column <= to.Length; column++)
            {
                var replaced = table[row - 1, column - 1] + (from[row - 1] == to[column - 1] ? 0 : 1);
                var best = Math.Min(replaced, Math.Min(table[row - 1, column], table[row, column - 1]) + 1);
                if (row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1])
                    best = Math.Min(best, table[row - 2, column - 2] + 1);
                table[row, column] = best;
            }
        }

        return Math.Min(table[from.Length, to.Length], limit);
    }
}
