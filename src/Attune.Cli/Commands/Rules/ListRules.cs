using System.CommandLine;
using Attune.V1;

namespace Attune.Cli.Commands.Rules;

static class ListRules
{
    static readonly Option<string?> pack = new("--pack") { Description = "Only of this pack", HelpName = "REF" };
    static readonly Option<string?> trigger = new("--trigger") { Description = "Only on this trigger", HelpName = "REF" };
    static readonly Option<string?> action = new("--action") { Description = "Only those that run this action", HelpName = "REF" };
    static readonly Option<string?> tag = new("--tag") { Description = "Only with this tag", HelpName = "TAG" };
    static readonly Option<bool> enabled = new("--enabled") { Description = "Only those that are enabled" };
    static readonly Option<bool> disabled = new("--disabled") { Description = "Only those that are disabled" };

    public static Command Command()
        => new Command("list", "Rules, by ref").With(pack, trigger, action, tag, enabled, disabled).With(Paging.Options).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var filter = new ListRulesRequest
        {
            PackRef = run.Get(pack) ?? "",
            TriggerRef = run.Get(trigger) ?? "",
            ActionRef = run.Get(action) ?? "",
            Tag = run.Get(tag) ?? "",
        };
        if (run.Get(enabled) != run.Get(disabled))
            filter.Enabled = run.Get(enabled);
        var rules = await run.ListAsync(
            async (size, token) =>
            {
                var page = await run.Client.Rules.ListRulesAsync(new(filter) { PageSize = size, PageToken = token }, cancellationToken: ct);
                return (page.Rules, page.NextPageToken);
            },
            ct);
        run.Answer.List(
            rules,
            "No rules. `attune rule create REF --trigger REF --action REF` makes one.",
            new("REF", each => each.Ref),
            new("STATE", RuleArguments.State),
            new("TRIGGER", each => each.TriggerRef),
            new("ACTION", each => each.ActionRef),
            new("LABEL", each => each.Label));
    }
}
