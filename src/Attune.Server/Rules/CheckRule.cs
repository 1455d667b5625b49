using System.Text;
using System.Text.Json;
using Attune.Packs;
using Attune.Packs.Files;
using Attune.Server.Actions;
using Attune.Server.Hosting;
using Attune.Server.Triggers;

namespace Attune.Server.Rules;

/// <summary>Finds every mistake of a rule among the triggers and actions that there are now.</summary>
sealed class CheckRule(TriggerCatalog triggers, ActionCatalog actions)
{
    const int ProblemsMax = 100;

    /// <param name="rule">What is to be saved.</param>
    /// <param name="packConfSchema">JSON, of the rule's pack.</param>
    /// <param name="ct">Ends the wait for what is not in memory.</param>
    /// <returns>With paths as in a request: `rule.conditions.all[2].operator`.</returns>
    public async Task<IReadOnlyList<Violation>> RunAsync(RuleText rule, string packConfSchema, CancellationToken ct)
    {
        var violations = new List<Violation>();
        PartText.Check("rule.label", rule.Label, violations);
        PartText.Check("rule.description", rule.Description, violations);
        PartText.CheckTags("rule.tags", rule.Tags, violations);

        var trigger = await triggers.FindAsync(rule.TriggerRef, ct);
        if (trigger is null)
            violations.Add(new("rule.trigger_ref", await triggers.DescribeMissingAsync(rule.TriggerRef, ct)));
        var action = PackNames.IsInside(rule.ActionRef) ? await actions.FindAsync(rule.ActionRef, ct) : null;
        if (action is null)
            violations.Add(new("rule.action_ref", await DescribeMissingAsync(rule.ActionRef, ct)));

        var around = RuleSurroundings.Of(trigger?.Parameters, trigger?.Output, action?.Parameters, ActionMapping.SchemaOf(packConfSchema));
        if (Read("rule.conditions", rule.Conditions, violations) is { } conditions
            && Read("rule.action_params", rule.ActionParams, violations) is { } actionParams
            && Read("rule.trigger_params", rule.TriggerParams, violations) is { } triggerParams)
        {
            violations.AddRange(RuleCheck.Find(rule.TriggerRef, conditions, actionParams, triggerParams, around)
                .Select(problem => new Violation($"rule.{problem.Place}", problem.Message)));
        }

        return violations.Count <= ProblemsMax
            ? violations
            : [.. violations.Take(ProblemsMax), new("rule", $"has {violations.Count - ProblemsMax} more mistakes.")];
    }

    /// <summary>What keeps a stored rule from applying now.</summary>
    public async Task<IReadOnlyList<string>> FindProblemsAsync(RuleRow row, CancellationToken ct)
    {
        var problems = (await RunAsync(row.ToText(), row.PackConfSchema, ct))
            .Select(violation => $"{violation.Field["rule.".Length..]}: {violation.Description}")
            .ToList();
        if (await triggers.FindAsync(row.TriggerRef, ct) is { Enabled: false })
            problems.Add($"trigger_ref: Trigger '{row.TriggerRef}' is disabled.");
        if (await actions.FindAsync(row.ActionRef, ct) is { Enabled: false })
            problems.Add($"action_ref: Action '{row.ActionRef}' is disabled.");

        return problems;
    }

    static JsonElement? Read(string field, string json, List<Violation> violations)
    {
        if (Encoding.UTF8.GetByteCount(json) > RuleCheck.BytesMax)
        {
            violations.Add(new(field, $"has more than {RuleCheck.BytesMax} bytes of JSON."));
            return null;
        }

        try
        {
            var element = JsonElement.Parse(json);
            var before = violations.Count;
            violations.AddRange(PartText.FindBadText(element, field));
            return violations.Count == before ? element : null;
        }
        catch (JsonException exception)
        {
            violations.Add(new(field, $"cannot be taken: {exception.Message}"));
            return null;
        }
    }

    async Task<string> DescribeMissingAsync(string actionRef, CancellationToken ct)
    {
        if (actionRef is "")
            return "is empty. Name an action: pack.action.";
        if (actionRef.Length > PackNames.MaxLength)
            return "is no ref; write `pack.name`.";
        var near = await actions.NearestAsync(actionRef, ct);
        return near is null ? $"No action '{actionRef}'." : $"No action '{actionRef}'. Did you mean '{near}'?";
    }
}
