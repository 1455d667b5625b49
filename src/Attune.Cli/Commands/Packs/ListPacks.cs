using System.CommandLine;
using Attune.Cli.Output;

namespace Attune.Cli.Commands.Packs;

static class ListPacks
{
    static readonly Option<string?> tag = new("--tag") { Description = "Only with this tag", HelpName = "TAG" };

    public static Command Command()
        => new Command("list", "What is installed, by ref").With(tag).With(Paging.Options).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var packs = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Packs.ListPacksAsync(
                    new() { PageSize = size, PageToken = token, Tag = run.Get(tag) ?? "" }, cancellationToken: ct);
                return (page.Packs, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            packs,
            "No packs.",
            new("REF", each => each.Ref),
            new("VERSION", each => each.Version),
            new("INSTALLED", each => Texts.Ago(each.InstalledAt, run.Clock)),
            new("BY", each => each.InstalledByLogin),
            new("LABEL", each => each.Label));
    }
}
