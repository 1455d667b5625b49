using System.Text.Json;
using Attune.Packs.Yaml;

namespace Attune.Packs.Files;

/// <summary>`rules/*.yaml`: on this trigger, under these conditions, run that action.</summary>
public sealed record RuleFile
{
    readonly YamlMap lines;

    RuleFile(YamlMap lines) => this.lines = lines;

    public required string File { get; init; }
    public required string Ref { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }
    public required string Trigger { get; init; }
    public required string Action { get; init; }

    /// <summary>JSON: a mapping of `all`, `any` or `not`, or a list (= all).</summary>
    public required string Conditions { get; init; }

    /// <summary>A JSON object whose texts may hold expressions.</summary>
    public required string ActionParams { get; init; }

    /// <summary>A JSON object.</summary>
    public required string TriggerParams { get; init; }
    public required bool Enabled { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Every mistake in what the rule says, each with its line.</summary>
    public IEnumerable<PackProblem> Check(RuleSurroundings around)
    {
        // A trigger that cannot be read was reported, and everything else hangs on it.
        if (Trigger is "")
            return [];

        return RuleCheck
            .Find(Trigger, JsonElement.Parse(Conditions), JsonElement.Parse(ActionParams), JsonElement.Parse(TriggerParams), around)
            .Select(problem => new PackProblem(File, lines.LineOf(problem.Place), problem.Place, problem.Message));
    }

    internal static RuleFile Read(FieldReader fields, PackLayout layout)
    {
        var reference = layout.OwnRef(fields);
        var rule = new RuleFile(fields.Lines)
        {
            File = fields.File,
            Ref = reference,
            Label = fields.Text("label") ?? reference,
            Description = fields.Text("description") ?? "",
            Trigger = fields.RequiredRef("trigger"),
            Action = fields.RequiredRef("action"),
            Conditions = fields.Json("conditions", mayBeList: true) ?? "[]",
            ActionParams = fields.Json("action_params") ?? "{}",
            TriggerParams = fields.Json("trigger_params") ?? "{}",
            Enabled = fields.Flag("enabled", true),
            Tags = fields.Texts("tags"),
        };
        fields.Done();
        return rule;
    }
}
