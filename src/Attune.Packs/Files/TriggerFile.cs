namespace Attune.Packs.Files;

/// <summary>`triggers/*.yaml`: a kind of event.</summary>
public sealed record TriggerFile
{
    public required string File { get; init; }
    public required string Ref { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }
    public required bool Enabled { get; init; }

    /// <summary>What a rule may set.</summary>
    public required FlatSchema Parameters { get; init; }

    /// <summary>What an event of it carries.</summary>
    public required FlatSchema Output { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }

    internal static TriggerFile Read(FieldReader fields, PackLayout layout)
    {
        var reference = layout.OwnRef(fields);
        var trigger = new TriggerFile
        {
            File = fields.File,
            Ref = reference,
            Label = fields.Text("label") ?? reference,
            Description = fields.Text("description") ?? "",
            Enabled = fields.Flag("enabled", true),
            Parameters = fields.Schema("parameters"),
            Output = fields.Schema("output"),
            Tags = fields.Texts("tags"),
        };
        if (trigger.Parameters.Schema.HasSecrets)
            fields.Report("parameters", "may not be secret: rules show them. Give the secret to the sensor's configuration instead.");
        fields.Done();
        return trigger;
    }
}
