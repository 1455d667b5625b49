using System.Text.Json;
using Attune.Engine.Schemas;

namespace Attune.Engine.Conditions;

/// <summary>Compiles `{field, operator, value}`.</summary>
static class FieldReader
{
    static readonly string[] Operators =
    [
        "equals", "not_equals", "greater_than", "greater_than_or_equal", "less_than", "less_than_or_equal", "contains", "not_contains", "in",
        "not_in", "starts_with", "ends_with", "matches", "exists", "not_exists", "within_last",
    ];

    public static ConditionNode.Field? Read(ConditionReader reader, Dictionary<string, JsonElement> given, string path)
    {
        var field = Field(reader, given, path, out var known);
        if (Operator(reader, given, path) is not { } name)
            return null;

        var literals = new LiteralReader(reader, field?.ToString() ?? "the field", known, path);
        var isNegated = name.StartsWith("not_", StringComparison.Ordinal);
        var bare = isNegated ? name[4..] : name;
        var test = literals.Test(bare, given.TryGetValue("value", out var value) ? value : null);
        return field is null || test is null
            ? null
            : new(field, name, test, literals.Literal) { IsNegated = isNegated, IsSecret = reader.Shape.IsSecret(field.Steps) };
    }

    static FieldPath? Field(ConditionReader reader, Dictionary<string, JsonElement> given, string path, out SchemaField? known)
    {
        known = null;
        path = ConditionReader.Below(path, "field");
        if (Text(reader, given, "field", path, "name a field of the payload, as in `host.name`") is not { } text)
            return null;

        var field = FieldPath.Parse(text, out var problem);
        if (field is not null)
            known = reader.Shape.Find(field.Steps, out problem);
        if (problem is not null)
            reader.Report(path, problem);
        return field;
    }

    static string? Operator(ConditionReader reader, Dictionary<string, JsonElement> given, string path)
    {
        path = ConditionReader.Below(path, "operator");
        if (Text(reader, given, "operator", path, "say how to compare, as in `equals`") is not { } name)
            return null;
        if (Operators.Contains(name))
            return name;

        reader.Report(path, $"'{(name.Length <= 60 ? name : name[..60] + "…")}' is no operator.{Meant(name)}");
        return null;
    }

    static string Meant(string name) => name switch
    {
        "=" or "==" or "eq" or "is" => " Write equals.",
        "!=" or "<>" or "ne" or "neq" => " Write not_equals.",
        ">" or "gt" => " Write greater_than.",
        ">=" or "gte" or "ge" => " Write greater_than_or_equal.",
        "<" or "lt" => " Write less_than.",
        "<=" or "lte" or "le" => " Write less_than_or_equal.",
        "regex" or "match" => " Write matches.",
        _ when name.Length <= 100 && NearestName.Find(name, Operators) is { } nearest => $" Did you mean '{nearest}'?",
        _ => $" Known: {string.Join(", ", Operators)}.",
    };

    static string? Text(ConditionReader reader, Dictionary<string, JsonElement> given, string name, string path, string wanted)
    {
        if (!given.TryGetValue(name, out var json))
            reader.Report(path, $"is missing: {wanted}.");
        else if (json.ValueKind is not JsonValueKind.String)
            reader.Report(path, $"must be a string, not {SchemaCheck.KindOf(json)}: {wanted}.");
        else
            return json.GetString();
        return null;
    }
}
