using System.Text.Json;
using System.Text.RegularExpressions;

namespace Attune.Engine.Schemas;

enum FieldType
{
    String,
    Integer,
    Number,
    Boolean,
    Object,
    Array,
    Any,
}

/// <summary>One field of a schema, compiled: everything that can be wrong with its definition was found when it was read.</summary>
sealed record SchemaField
{
    /// <summary>Empty for the items of an array.</summary>
    public required string Name { get; init; }
    public required JsonEncodedText EncodedName { get; init; }
    public required FieldType Type { get; init; }
    public bool Required { get; init; }
    public bool Secret { get; init; }

    /// <summary>Valid, with nested defaults applied.</summary>
    public ReadOnlyMemory<byte>? Default { get; init; }
    public IReadOnlyList<JsonElement>? Enum { get; init; }
    public decimal? Minimum { get; init; }
    public decimal? Maximum { get; init; }
    public int? MinLength { get; init; }
    public int? MaxLength { get; init; }
    public Regex? Pattern { get; init; }
    public StringFormat? Format { get; init; }
    public SchemaField? Items { get; init; }
    public Schema? Properties { get; init; }

    public bool HoldsSecret => Secret || Items is { HoldsSecret: true } || Properties is { HasSecrets: true };

    public string TypeName => Type switch
    {
        FieldType.String => "a string",
        FieldType.Integer => "an integer",
        FieldType.Number => "a number",
        FieldType.Boolean => "true or false",
        FieldType.Object => "an object",
        FieldType.Array => "an array",
        _ => "any value",
    };
}
