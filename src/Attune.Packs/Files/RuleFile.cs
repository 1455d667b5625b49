namespace Attune.Packs.Files;

/// <summary>`rules/*.yaml`: on this trigger, under these conditions, run that action.</summary>
public sealed record RuleFile
{
    public required string File { get; init; }
    public required string Ref { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }
    public required string Trigger { get; init; }
    public required string Action { get; init; }

    /// <summary>JSON: a mapping of `all`, `any` or `not`, or a list; the rule engine checks its meaning.</summary>
    public required string Conditions { get; init; }

    /// <summary>A JSON object whose texts may hold expressions.</summary>
    public required string ActionParams { get; init; }

    /// <summary>A JSON object.</summary>
    public required string TriggerParams { get; init; }
    public required bool Enabled { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }

    internal static RuleFile Read(FieldReader fields, PackLayout layout)
    {
        var reference = layout.OwnRef(fields);
        if (fields.Map("conditions") is { } conditions)
        {
            foreach (var name in (string[])["all", "any", "not"])
                _ = conditions.Has(name);
            conditions.Done();
        }

        var rule = new RuleFile
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
