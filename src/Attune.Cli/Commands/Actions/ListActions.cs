using System.CommandLine;
using Attune.Cli.Output;
using Attune.Cli.Terminals;

namespace Attune.Cli.Commands.Actions;

static class ListActions
{
    static readonly Option<string?> pack = new("--pack") { Description = "Only of this pack", HelpName = "REF" };
    static readonly Option<string?> tag = new("--tag") { Description = "Only with this tag", HelpName = "TAG" };

    public static Command Command()
        => new Command("list", "What can be run, by ref").With(pack, tag).With(Paging.Options).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var actions = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Actions.ListActionsAsync(
                    new() { PageSize = size, PageToken = token, PackRef = run.Get(pack) ?? "", Tag = run.Get(tag) ?? "" },
                    cancellationToken: ct);
                return (page.Actions, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            actions,
            "No actions. `attune pack install DIR` adds some.",
            new("REF", each => new Cell(each.Ref, each.Enabled ? Tone.Plain : Tone.Dim)),
            new("RUNTIME", each => each.IsWorkflow ? "workflow" : each.RuntimeRef),
            new("ENABLED", each => Texts.YesNo(each.Enabled)),
            new("LABEL", each => each.Label));
    }
}
