using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Parameters;

/// <summary>What an action's schema says of one parameter, as far as typing needs it. Checking is the server's.</summary>
sealed record ParameterField
{
    public static readonly ParameterField Unknown = new();

    /// <summary>string, integer, number, boolean, array, object; empty when not known.</summary>
    public string Type { get; init; } = "";
    public string Description { get; init; } = "";
    public bool Required { get; init; }
    public bool Secret { get; init; }
    public Value? Default { get; init; }
    public ParameterField? Items { get; init; }

    /// <summary>Null: the schema does not say, anything goes.</summary>
    public IReadOnlyDictionary<string, ParameterField>? Properties { get; init; }

    /// <summary>A flat schema: name → field.</summary>
    public static IReadOnlyDictionary<string, ParameterField> Read(Struct? schema)
        => (schema?.Fields ?? []).ToDictionary(field => field.Key, field => Of(field.Value), StringComparer.Ordinal);

    static ParameterField Of(Value value)
    {
        if (value.KindCase is not Value.KindOneofCase.StructValue)
            return Unknown;

        var fields = value.StructValue.Fields;
        return new()
        {
            Type = fields.GetValueOrDefault("type")?.StringValue ?? "",
            Description = fields.GetValueOrDefault("description")?.StringValue ?? "",
            Required = fields.GetValueOrDefault("required")?.BoolValue ?? false,
            Secret = fields.GetValueOrDefault("secret")?.BoolValue ?? false,
            Default = fields.GetValueOrDefault("default"),
            Items = fields.GetValueOrDefault("items") is { } items ? Of(items) : null,
            Properties = fields.GetValueOrDefault("properties") is { KindCase: Value.KindOneofCase.StructValue } properties
                ? Read(properties.StructValue)
                : null,
        };
    }
}
