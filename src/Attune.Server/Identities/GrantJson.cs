using System.Text.Json;
using Attune.Server.Hosting;

namespace Attune.Server.Identities;

/// <summary>The grants of a permission set: `[{resource, actions, constraints: {packs}}]`.</summary>
static class GrantJson
{
    /// <summary>A grant that is malformed or carries a constraint this server does not know grants nothing.</summary>
    public static IEnumerable<AccessGrant> Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind is JsonValueKind.Array
            ? [.. document.RootElement.EnumerateArray().Select(ParseOne).OfType<AccessGrant>()]
            : [];
    }

    static AccessGrant? ParseOne(JsonElement grant)
    {
        if (grant.ValueKind is not JsonValueKind.Object)
            return null;

        string? resource = null;
        List<string>? actions = null;
        List<string> packs = [];
        foreach (var property in grant.EnumerateObject())
        {
            var understood = property switch
            {
                { Name: "resource", Value.ValueKind: JsonValueKind.String } => (resource = property.Value.GetString()) is not null,
                { Name: "actions" } => (actions = Texts(property.Value)) is not null,
                { Name: "packs" } => Texts(property.Value) is { Count: 0 } || Narrow(property.Value),
                { Name: "constraints" } => NarrowAll(property.Value),
                _ => false,
            };
            if (!understood)
                return null;
        }

        return resource is not null && actions is { Count: > 0 } ? new(resource, actions, packs) : null;

        // A constraint to no pack at all must not turn into the empty list that means "in every pack".
        bool Narrow(JsonElement value)
        {
            packs = Texts(value) ?? [];
            return packs.Count > 0;
        }

        bool NarrowAll(JsonElement constraints) => constraints.ValueKind switch
        {
            JsonValueKind.Null => true,
            JsonValueKind.Object => constraints.EnumerateObject().All(each => each.Name is "packs" && Narrow(each.Value)),
            _ => false,
        };
    }

    static List<string>? Texts(JsonElement value)
        => value.ValueKind is JsonValueKind.Array && value.EnumerateArray().All(each => each.ValueKind is JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(each => each.GetString()!)]
            : null;
}
