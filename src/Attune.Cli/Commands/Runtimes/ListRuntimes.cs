using System.CommandLine;

namespace Attune.Cli.Commands.Runtimes;

static class ListRuntimes
{
    public static Command Command() => new Command("list", "What actions run on, by ref").With(Paging.Options).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var runtimes = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Runtimes.ListRuntimesAsync(new() { PageSize = size, PageToken = token }, cancellationToken: ct);
                return (page.Runtimes, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            runtimes,
            "No runtimes.",
            new("REF", each => each.Ref),
            new("NAME", each => each.Name),
            new("ALIASES", each => string.Join(", ", each.Aliases)),
            new("AGENTS", each => each.AvailableOn.Count));
    }
}
