using System.Text.Json;
using System.Text.RegularExpressions;

namespace Attune.Engine.Schemas;

/// <summary>Turns `name: {type, …}` into a compiled schema, or lists every mistake in it.</summary>
sealed partial class SchemaReader
{
    const int MaxDepth = 16;
    const int MaxPatternLength = 1000;
    static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);

    static readonly string[] Types = ["string", "integer", "number", "boolean", "object", "array", "any"];

    static readonly string[] Keywords =
    [
        "type", "description", "required", "default", "enum", "minimum", "maximum", "min_length", "max_length", "pattern", "items",
        "properties", "format", "secret",
    ];

    readonly List<SchemaProblem> problems = [];

    public static SchemaReading Read(JsonElement json)
    {
        if (json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return new(Schema.Empty, []);

        var reader = new SchemaReader();
        var fields = reader.Fields(json, "", 0);
        return reader.problems.Count == 0 ? new(new Schema(fields), []) : new(null, reader.problems);
    }

    List<SchemaField> Fields(JsonElement json, string path, int depth)
    {
        if (json.ValueKind is not JsonValueKind.Object)
        {
            Report(path, $"must map names to fields, as in `port: {{type: integer}}`, not be {SchemaCheck.KindOf(json)}.");
            return [];
        }

        if (json.GetPropertyCount() > Schema.MaxFields)
            Report(path, $"has {json.GetPropertyCount()} fields; at most {Schema.MaxFields} are allowed on one level.");

        var fields = new List<SchemaField>();
        foreach (var property in json.EnumerateObject())
        {
            var fieldPath = path is "" ? property.Name : $"{path}.{property.Name}";
            if (!FieldName().IsMatch(property.Name))
                Report(fieldPath, "is no field name: use letters, digits, `_` and `-`, at most 64, and begin with a letter or `_`.");
            if (fields.Exists(field => field.Name == property.Name))
                Report(fieldPath, "is defined twice.");
            else if (Field(property.Name, property.Value, fieldPath, depth) is { } field)
                fields.Add(field);
        }

        return fields;
    }

    SchemaField? Field(string name, JsonElement json, string path, int depth)
    {
        if (json.ValueKind is not JsonValueKind.Object)
        {
            Report(path, $"must be a field such as {{type: string}}, not {SchemaCheck.KindOf(json)}.");
            return null;
        }

        if (depth >= MaxDepth)
        {
            Report(path, $"is nested deeper than {MaxDepth} levels.");
            return null;
        }

        foreach (var property in json.EnumerateObject().Where(property => !Keywords.Contains(property.Name)))
            Report($"{path}.{property.Name}", $"is not known in a schema field.{NearestName.Suggest(property.Name, Keywords)}");

        if (Type(json, path) is not { } type)
            return null;

        var before = problems.Count;
        var field = new SchemaField
        {
            Name = name,
            EncodedName = JsonEncodedText.Encode(name),
            Type = type,
            Required = Flag(json, path, "required"),
            Secret = Flag(json, path, "secret"),
            Enum = Allowed(json, path),
            Minimum = Limit(json, path, "minimum", type),
            Maximum = Limit(json, path, "maximum", type),
            MinLength = Length(json, path, "min_length", type),
            MaxLength = Length(json, path, "max_length", type),
            Pattern = Pattern(json, path, type),
            Format = Format(json, path, type),
            Items = Items(json, path, type, depth),
            Properties = Properties(json, path, type, depth),
        };
        _ = Text(json, path, "description");
        Ordered(field, path);
        if (name is "" && (field.Required || json.TryGetProperty("default", out _)))
            Report(path, "`required` and `default` mean nothing for items.");

        // A default is judged by the finished field, and a field with mistakes would only find more of them.
        return problems.Count == before ? WithDefault(field, json, path) : field;
    }

    FieldType? Type(JsonElement json, string path)
    {
        if (Text(json, path, "type") is not { } name)
        {
            if (!json.TryGetProperty("type", out _))
                Report($"{path}.type", $"is missing: one of {string.Join(", ", Types)}.");
            return null;
        }

        var index = Array.IndexOf(Types, name);
        if (index >= 0)
            return (FieldType)index;

        Report($"{path}.type", $"'{Cut(name)}' is no type: one of {string.Join(", ", Types)}.{Alias(name)}");
        return null;
    }

    static string Alias(string name) => name switch
    {
        "int" or "long" => " Write integer.",
        "bool" => " Write boolean.",
        "float" or "double" or "decimal" => " Write number.",
        "str" or "text" => " Write string.",
        "list" => " Write array.",
        "dict" or "map" => " Write object.",
        _ => "",
    };

    IReadOnlyList<JsonElement>? Allowed(JsonElement json, string path)
    {
        if (!json.TryGetProperty("enum", out var values))
            return null;
        if (values.ValueKind is JsonValueKind.Array && values.GetArrayLength() > 0)
            return [.. values.EnumerateArray().Select(value => value.Clone())];

        Report($"{path}.enum", "must list at least one value.");
        return null;
    }

    decimal? Limit(JsonElement json, string path, string keyword, FieldType type)
    {
        if (!Applies(json, path, keyword, type is FieldType.Integer or FieldType.Number, "integer and number", out var value))
            return null;
        if (value.ValueKind is JsonValueKind.Number && value.TryGetDecimal(out var limit))
            return limit;

        Report($"{path}.{keyword}", "must be a number.");
        return null;
    }

    int? Length(JsonElement json, string path, string keyword, FieldType type)
    {
        if (!Applies(json, path, keyword, type is FieldType.String or FieldType.Array, "string and array", out var value))
            return null;
        if (value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var length) && length >= 0)
            return length;

        Report($"{path}.{keyword}", "must be a whole number, 0 or more.");
        return null;
    }

    Regex? Pattern(JsonElement json, string path, FieldType type)
    {
        if (!Applies(json, path, "pattern", type is FieldType.String, "string", out _) || Text(json, path, "pattern") is not { } text)
            return null;
        if (text.Length > MaxPatternLength)
        {
            Report($"{path}.pattern", $"is longer than {MaxPatternLength} characters.");
            return null;
        }

        try
        {
            return new(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, PatternTimeout);
        }
        catch (ArgumentException exception)
        {
            Report($"{path}.pattern", $"is no regular expression: {exception.Message}");
            return null;
        }
        catch (NotSupportedException)
        {
            // Look-around and back references need the backtracking engine; the timeout keeps them harmless.
            return new(text, RegexOptions.CultureInvariant, PatternTimeout);
        }
    }

    StringFormat? Format(JsonElement json, string path, FieldType type)
    {
        if (!Applies(json, path, "format", type is FieldType.String, "string", out _) || Text(json, path, "format") is not { } name)
            return null;
        if (StringFormat.Find(name) is { } format)
            return format;

        Report($"{path}.format", $"'{Cut(name)}' is no format: one of {string.Join(", ", StringFormat.All.Select(each => each.Name))}.");
        return null;
    }

    SchemaField? Items(JsonElement json, string path, FieldType type, int depth)
        => Applies(json, path, "items", type is FieldType.Array, "array", out var value)
            ? Field("", value, $"{path}.items", depth + 1)
            : null;

    Schema? Properties(JsonElement json, string path, FieldType type, int depth)
    {
        if (!Applies(json, path, "properties", type is FieldType.Object, "object", out var value))
            return null;

        var before = problems.Count;
        var fields = Fields(value, $"{path}.properties", depth + 1);
        return problems.Count == before ? new(fields) : null;
    }

    void Ordered(SchemaField field, string path)
    {
        if (field.Minimum > field.Maximum)
            Report($"{path}.minimum", "is greater than maximum.");
        if (field.MinLength > field.MaxLength)
            Report($"{path}.min_length", "is greater than max_length.");
        foreach (var value in field.Enum ?? [])
        {
            if (Check(field with { Enum = null }, value) is { Count: > 0 } mistakes)
                Report($"{path}.enum", $"holds a value that the field itself refuses: {mistakes[0]}");
        }
    }

    SchemaField WithDefault(SchemaField field, JsonElement json, string path)
    {
        if (!json.TryGetProperty("default", out var value) || value.ValueKind is JsonValueKind.Null)
            return field;

        var mistakes = Check(field, value);
        foreach (var mistake in mistakes)
            Report(mistake.PathUnder($"{path}.default"), mistake.Message);
        return mistakes.Count > 0
            ? field
            : field with { Default = Schema.Written(writer => SchemaWriter.Write(writer, field, value)) };
    }

    static List<SchemaProblem> Check(SchemaField field, JsonElement value)
    {
        var check = new SchemaCheck("\\u"u8);
        check.Value(field, value);
        return check.Problems ?? [];
    }

    bool Applies(JsonElement json, string path, string keyword, bool applies, string types, out JsonElement value)
    {
        if (!json.TryGetProperty(keyword, out value))
            return false;
        if (!applies)
            Report($"{path}.{keyword}", $"applies to {types} only.");
        return applies;
    }

    bool Flag(JsonElement json, string path, string keyword)
    {
        if (!json.TryGetProperty(keyword, out var value))
            return false;
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            Report($"{path}.{keyword}", "must be true or false.");
        return value.ValueKind is JsonValueKind.True;
    }

    string? Text(JsonElement json, string path, string keyword)
    {
        if (!json.TryGetProperty(keyword, out var value))
            return null;
        if (value.ValueKind is JsonValueKind.String)
            return value.GetString();

        Report($"{path}.{keyword}", $"must be a string, not {SchemaCheck.KindOf(value)}.");
        return null;
    }

    void Report(string path, string message) => problems.Add(new(path, message));

    static string Cut(string text) => text.Length <= 60 ? text : text[..60] + "…";

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_-]{0,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex FieldName();
}
