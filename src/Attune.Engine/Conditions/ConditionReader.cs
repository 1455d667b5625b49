using System.Text.Json;
using Attune.Engine.Schemas;

namespace Attune.Engine.Conditions;

/// <summary>
/// Compiles conditions, or lists every mistake in them:
/// <list type="bullet">
/// <item>An object with `all`, `any` or `not`; with several of them all must hold. A list stands for `all`, also below `not`.</item>
/// <item>An object with `field`, `operator` and mostly `value`.</item>
/// <item>A text, which is an expression with or without `{{ }}` around it.</item>
/// </list>
/// </summary>
sealed class ConditionReader(Schema? payload, List<ConditionProblem> problems)
{
    const int MaxDepth = 100;
    const int MaxNodes = 10_000;
    const int MaxCostly = 1000;
    const int MaxProblems = 100;

    static readonly string[] Groups = ["all", "any", "not"];
    static readonly string[] Known = ["all", "any", "not", "field", "operator", "value"];

    // A schema without a field says nothing: that is how a trigger without one is stored.
    readonly PayloadShape shape = new(payload is { IsEmpty: true } ? null : payload);
    int nodes;
    int costly;

    public PayloadShape Shape => shape;

    public Schema? Payload => payload;

    bool IsOver => nodes > MaxNodes || problems.Count >= MaxProblems;

    /// <summary>Null where there was a mistake.</summary>
    public ConditionNode.All? Read(JsonElement json)
    {
        var before = problems.Count;
        var root = json switch
        {
            { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => new ConditionNode.All([]),
            { ValueKind: JsonValueKind.Object } when json.GetPropertyCount() == 0 => new ConditionNode.All([]),
            _ => Node(json, "", 0),
        };
        if (problems.Count > before || root is null)
            return null;

        return root as ConditionNode.All ?? new([root]);
    }

    public void Report(string path, string message)
    {
        if (problems.Count < MaxProblems - 1)
            problems.Add(new(path, message));
        else if (problems.Count == MaxProblems - 1)
            problems.Add(new("", "There are further mistakes, which are not listed."));
    }

    /// <summary>Whether there may be one more expression or pattern; each holds memory and takes time that a comparison does not.</summary>
    public bool TakesCostly()
    {
        if (++costly == MaxCostly + 1)
            Report("", $"There are more than {MaxCostly} expressions and patterns.");
        return costly <= MaxCostly;
    }

    public static string Below(string path, string name) => path is "" ? name : $"{path}.{name}";

    ConditionNode? Node(JsonElement json, string path, int depth)
    {
        if (IsOver || Refused(path, depth))
            return null;

        switch (json.ValueKind)
        {
            case JsonValueKind.Array:
                return new ConditionNode.All(List(json, path, depth));
            case JsonValueKind.String:
                return ExpressionReader.Read(this, json.GetString()!, path);
            case JsonValueKind.Object:
                return Object(json, path, depth);
            default:
                Report(path, $"must be a list, an object with all, any, not or field, or an expression; not {SchemaCheck.KindOf(json)}.");
                return null;
        }
    }

    bool Refused(string path, int depth)
    {
        if (++nodes > MaxNodes)
            Report("", $"There are more than {MaxNodes} conditions.");
        else if (depth > MaxDepth)
            Report(path, $"is nested deeper than {MaxDepth} levels.");
        else
            return false;
        return true;
    }

    List<ConditionNode> List(JsonElement json, string path, int depth)
    {
        var parts = new List<ConditionNode>(Math.Min(json.GetArrayLength(), MaxNodes));
        var index = 0;
        foreach (var item in json.EnumerateArray())
        {
            if (IsOver)
                break;
            if (Node(item, $"{path}[{index++}]", depth + 1) is { } part)
                parts.Add(part);
        }

        return parts;
    }

    ConditionNode? Object(JsonElement json, string path, int depth)
    {
        var isGroup = false;
        var isField = false;
        var given = new Dictionary<string, JsonElement>();
        foreach (var property in json.EnumerateObject())
        {
            if (IsOver)
                return null;
            if (!Known.Contains(property.Name))
                Report(Below(path, Cut(property.Name)), $"is not known here.{NearestName.Suggest(property.Name, Known)}");
            else if (!given.TryAdd(property.Name, property.Value))
                Report(Below(path, property.Name), "is given twice.");

            var inGroup = Groups.Contains(property.Name);
            isGroup |= inGroup;
            isField |= !inGroup;
        }

        if (given.Count == 0 && !isField)
            Report(path, "is empty: give all, any or not; or field, operator and value.");
        else if (isGroup && given.Keys.Any(name => !Groups.Contains(name)))
            Report(path, "has both all, any or not and field, operator or value: put the second into a condition of its own.");
        else if (isGroup)
            return Group(given, path, depth);
        else if (given.Count > 0)
            return FieldReader.Read(this, given, path);
        return null;
    }

    ConditionNode Group(Dictionary<string, JsonElement> given, string path, int depth)
    {
        var parts = new List<ConditionNode>();
        foreach (var (name, json) in given)
        {
            if (Part(name, json, Below(path, name), depth) is { } part)
                parts.Add(part);
        }

        return parts.Count == 1 ? parts[0] : new ConditionNode.All(parts);
    }

    ConditionNode? Part(string name, JsonElement json, string path, int depth)
    {
        if (name is "not")
        {
            if (json.ValueKind is JsonValueKind.Array && json.GetArrayLength() == 0)
                Report(path, "is empty: leave it out.");
            return Node(json, path, depth + 1) is { } part ? new ConditionNode.Not(part) : null;
        }

        if (json.ValueKind is not JsonValueKind.Array)
        {
            Report(path, $"must be a list of conditions, not {SchemaCheck.KindOf(json)}.");
            return null;
        }

        if (name is "any" && json.GetArrayLength() == 0)
            Report(path, "is empty, so nothing would ever match: leave it out.");

        var parts = List(json, path, depth);
        return name is "all" ? new ConditionNode.All(parts) : new ConditionNode.Any(parts);
    }

    static string Cut(string name) => name.Length <= 60 ? name : name[..60] + "…";
}
