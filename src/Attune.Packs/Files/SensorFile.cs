namespace Attune.Packs.Files;

/// <summary>`sensors/*.yaml`: a long-lived program that emits events.</summary>
public sealed record SensorFile
{
    public required string File { get; init; }
    public required string Ref { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }
    public required bool Enabled { get; init; }
    public required string Runtime { get; init; }

    /// <summary>Relative to the pack's root, or `builtin:timer`.</summary>
    public string? EntryPoint { get; init; }

    /// <summary>At least one.</summary>
    public required IReadOnlyList<string> Triggers { get; init; }
    public required FlatSchema Parameters { get; init; }

    /// <summary>A JSON object that fits the parameters.</summary>
    public required string Config { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }

    internal static SensorFile Read(FieldReader fields, PackLayout layout)
    {
        var reference = layout.OwnRef(fields);
        var parameters = fields.Schema("parameters");
        var sensor = new SensorFile
        {
            File = fields.File,
            Ref = reference,
            Label = fields.Text("label") ?? reference,
            Description = fields.Text("description") ?? "",
            Enabled = fields.Flag("enabled", true),
            Runtime = fields.RequiredRef("runtime"),
            EntryPoint = layout.EntryPoint(fields, "sensors", isRequired: true, "builtin:timer"),
            Triggers = fields.Refs("triggers"),
            Parameters = parameters,
            Config = fields.Values("config", parameters),
            Tags = fields.Texts("tags"),
        };
        if (!fields.Has("triggers"))
            fields.Missing("triggers");
        else if (sensor.Triggers.Count == 0)
            fields.Report("triggers", "must name at least one trigger.");
        fields.Done();
        return sensor;
    }
}
