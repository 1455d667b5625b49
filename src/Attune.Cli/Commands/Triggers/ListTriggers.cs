using System.CommandLine;
using Attune.Cli.Output;
using Attune.Cli.Terminals;

namespace Attune.Cli.Commands.Triggers;

static class ListTriggers
{
    static readonly Option<string?> pack = new("--pack") { Description = "Only of this pack", HelpName = "REF" };
    static readonly Option<string?> tag = new("--tag") { Description = "Only with this tag", HelpName = "TAG" };

    public static Command Command()
        => new Command("list", "Kinds of events, by ref").With(pack, tag).With(Paging.Options).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var triggers = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Triggers.ListTriggersAsync(
                    new() { PageSize = size, PageToken = token, PackRef = run.Get(pack) ?? "", Tag = run.Get(tag) ?? "" },
                    cancellationToken: ct);
                return (page.Triggers, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            triggers,
            "No triggers. `attune trigger create REF` makes one.",
            new("REF", each => new Cell(each.Ref, each.Enabled ? Tone.Plain : Tone.Dim)),
            new("ENABLED", each => Texts.YesNo(each.Enabled)),
            new("WEBHOOK", each => each.WebhookEnabled ? "open" : ""),
            new("LABEL", each => each.Label));
    }
}
