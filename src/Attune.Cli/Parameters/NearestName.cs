namespace Attune.Cli.Parameters;

static class NearestName
{
    /// <summary>The candidate that <paramref name="name"/> was probably meant to be; null where none is close.</summary>
    public static string? Find(string name, IEnumerable<string> candidates)
        => candidates
            .Select(candidate => (candidate, distance: Distance(name, candidate)))
            .Where(each => each.distance <= Math.Max(1, Math.Min(name.Length, 30) / 3))
            .OrderBy(each => each.distance)
            .Select(each => each.candidate)
            .FirstOrDefault();

    // Edits with transpositions, so that `hots` is one step from `host`.
    static int Distance(string from, string to)
    {
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
                table[row, column] = Math.Min(replaced, Math.Min(table[row - 1, column], table[row, column - 1]) + 1);
                if (row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1])
                    table[row, column] = Math.Min(table[row, column], table[row - 2, column - 2] + 1);
            }
        }

        return table[from.Length, to.Length];
    }
}
