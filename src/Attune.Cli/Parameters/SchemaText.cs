using Attune.Cli.Output;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Parameters;

/// <summary>A flat schema as people read it.</summary>
static class SchemaText
{
    /// <summary>A field a line, required ones first.</summary>
    public static string Fields(Struct? schema)
    {
        var fields = ParameterField.Read(schema).OrderByDescending(field => field.Value.Required).ToList();
        var width = fields.Select(field => field.Key.Length).DefaultIfEmpty().Max();
        return string.Join('\n', fields.Select(field => $"{field.Key.PadRight(width)}  {Describe(field.Value)}".TrimEnd()));
    }

    static string Describe(ParameterField field)
    {
        string[] facts =
        [
            field.Items is { Type.Length: > 0 } items ? $"{field.Type} of {items.Type}" : field.Type,
            field.Required ? "required" : "",
            field.Secret ? "secret" : "",
            field.Default is { } fallback ? $"default {Texts.Json(fallback)}" : "",
        ];
        var text = string.Join(", ", facts.Where(fact => fact is not ""));
        return field.Description is "" ? text : $"{text}: {field.Description}";
    }
}
