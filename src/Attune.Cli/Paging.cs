using System.CommandLine;
using Google.Protobuf.Collections;

namespace Attune.Cli;

/// <summary>How much of a list to fetch.</summary>
static class Paging
{
    public const int LimitDefault = 50;
    const int PageSizeMax = 1000;

    static readonly Option<int?> limit = new("--limit") { Description = $"At most so many (default {LimitDefault})", HelpName = "N" };
    static readonly Option<bool> all = new("--all") { Description = "Everything there is" };
    static readonly Option<int?> pageSize = new("--page-size") { Description = "How many to ask the server for at a time (1 to 1000)", HelpName = "N" };

    public static IEnumerable<Option> Options => [limit, all, pageSize];

    public static async Task<IReadOnlyList<T>> ListAsync<T>(
        this Invocation run, Func<int, string, Task<(RepeatedField<T> Items, string NextToken)>> fetch, CancellationToken ct)
    {
        var wanted = run.Get(all) ? int.MaxValue : Checked(run.Get(limit), "--limit", int.MaxValue) ?? LimitDefault;
        var size = Checked(run.Get(pageSize), "--page-size", PageSizeMax) ?? Math.Min(wanted, PageSizeMax);
        var items = new List<T>();
        for (var token = ""; ;)
        {
            ct.ThrowIfCancellationRequested();
            var page = await fetch(Math.Min(size, wanted - items.Count), token);
            items.AddRange(page.Items);
            token = page.NextToken;
            if (token is "")
                return items;
            if (items.Count >= wanted)
                break;
        }

        run.Answer.Footnote = $"There are more than these {items.Count}: --all, or --limit N.";
        return items;
    }

    static int? Checked(int? given, string option, int max)
        => given is null or > 0 && !(given > max)
            ? given
            : throw new CommandFailure($"{option}: {given} is not between 1 and {max}.");
}
