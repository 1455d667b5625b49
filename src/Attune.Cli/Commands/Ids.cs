using System.Globalization;

namespace Attune.Cli.Commands;

static class Ids
{
    /// <param name="text">As typed.</param>
    /// <param name="thing">`an event`.</param>
    /// <param name="list">The command that shows which there are.</param>
    public static long Parse(string text, string thing, string list)
        => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0
            ? id
            : throw new CommandFailure($"'{text}' is not the id of {thing}, which is a number.", $"`{list}` shows the latest.");
}
