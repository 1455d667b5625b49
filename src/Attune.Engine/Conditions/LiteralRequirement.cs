using Attune.Engine.Expressions;

namespace Attune.Engine.Conditions;

/// <summary>A field that must have one of these values, or the conditions do not match whatever else holds.</summary>
sealed record LiteralRequirement(FieldPath Path, IReadOnlySet<Value> Accepted)
{
    /// <summary>At most one for a path.</summary>
    public static IReadOnlyList<LiteralRequirement> Of(ConditionNode node)
        => [.. Collect(node).Select(requirement => new LiteralRequirement(requirement.Key, requirement.Value))];

    static Dictionary<FieldPath, IReadOnlySet<Value>> Collect(ConditionNode node) => node switch
    {
        ConditionNode.Field { IsNegated: false, Test: FieldTest.Equal test } field => new() { [field.Path] = new HashSet<Value> { test.Literal } },
        ConditionNode.Field { IsNegated: false, Test: FieldTest.OneOf test } field => new() { [field.Path] = test.Literals },
        ConditionNode.All all => OfAll(all.Parts),
        ConditionNode.Any any => OfAny(any.Parts),
        _ => [],
    };

    // Any one of the requirements on a path is true, so the one that lets least through is kept.
    static Dictionary<FieldPath, IReadOnlySet<Value>> OfAll(IReadOnlyList<ConditionNode> parts)
    {
        var found = new Dictionary<FieldPath, IReadOnlySet<Value>>();
        foreach (var (path, accepted) in parts.SelectMany(Collect))
        {
            if (!found.TryGetValue(path, out var other) || accepted.Count < other.Count)
                found[path] = accepted;
        }

        return found;
    }

    // Only what every alternative asks of the same path is asked at all.
    static Dictionary<FieldPath, IReadOnlySet<Value>> OfAny(IReadOnlyList<ConditionNode> parts)
    {
        var found = new Dictionary<FieldPath, HashSet<Value>>();
        for (var index = 0; index < parts.Count; index++)
        {
            var part = Collect(parts[index]);
            if (index == 0)
                found = part.ToDictionary(each => each.Key, each => each.Value.ToHashSet());
            foreach (var path in found.Keys.Where(path => !part.ContainsKey(path)).ToList())
                found.Remove(path);
            foreach (var (path, accepted) in found)
                accepted.UnionWith(part[path]);
            if (found.Count == 0)
                break;
        }

        return found.ToDictionary(each => each.Key, IReadOnlySet<Value> (each) => each.Value);
    }
}
