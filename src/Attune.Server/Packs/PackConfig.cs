using System.Text.Json;
using System.Text.Json.Nodes;

namespace Attune.Server.Packs;

/// <summary>What an upgrade does to a pack's configuration.</summary>
static class PackConfig
{
    /// <summary>
    /// The new defaults, with every value on top that an operator set. A value is an operator's when it is not what the release before
    /// came with; where that release is unknown, all are.
    /// </summary>
    /// <param name="current">As it is in the database; null for a pack that is new.</param>
    /// <param name="oldDefaults">Of the release that is replaced.</param>
    /// <param name="newDefaults">Of the release that is installed.</param>
    public static string Upgrade(string? current, string? oldDefaults, string newDefaults)
    {
        if (current is null)
            return newDefaults;

        using var old = JsonDocument.Parse(oldDefaults ?? "{}");
        using var present = JsonDocument.Parse(current);
        var merged = JsonNode.Parse(newDefaults)!.AsObject();
        foreach (var value in present.RootElement.EnumerateObject())
        {
            if (!old.RootElement.TryGetProperty(value.Name, out var before) || !JsonElement.DeepEquals(before, value.Value))
                merged[value.Name] = JsonNode.Parse(value.Value.GetRawText());
        }

        return merged.ToJsonString();
    }
}
