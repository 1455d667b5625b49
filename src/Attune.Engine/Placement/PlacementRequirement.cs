using System.Text;
using System.Text.Json;
using Attune.Engine.Versions;

namespace Attune.Engine.Placement;

/// <summary>
/// What an execution asks of an agent. Executions that ask for the same share one <see cref="Key"/>, so placing a thousand of
/// them is one decision.
/// </summary>
public sealed class PlacementRequirement
{
    PlacementRequirement(string runtimeRef, string? runtimeVersion, SortedDictionary<string, string> labels, VersionRange? range)
    {
        (RuntimeRef, RuntimeVersion, Labels, Range) = (runtimeRef, runtimeVersion, labels, range);
        Key = BuildKey();
    }

    /// <summary>Canonical JSON: equal for equal requirements.</summary>
    public string Key { get; }

    public string RuntimeRef { get; }

    public string? RuntimeVersion { get; }

    public IReadOnlyDictionary<string, string> Labels { get; }

    internal VersionRange? Range { get; }

    /// <exception cref="FormatException">The version range cannot be read.</exception>
    public static PlacementRequirement Create(
        string runtimeRef, string? runtimeVersion, IEnumerable<KeyValuePair<string, string>> labels)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in labels)
            sorted[name] = value;
        if (runtimeVersion is null)
            return new(runtimeRef, null, sorted, null);
        return VersionRange.TryParse(runtimeVersion, out var range, out var problem)
            ? new(runtimeRef, runtimeVersion, sorted, range)
            : throw new FormatException(problem);
    }

    /// <summary>The inverse of <see cref="Key"/>.</summary>
    /// <exception cref="FormatException">The text is no key.</exception>
    public static PlacementRequirement Parse(string key)
    {
        try
        {
            using var document = JsonDocument.Parse(key);
            var root = document.RootElement;
            return Create(
                root.GetProperty("runtime").GetString() ?? "",
                root.TryGetProperty("version", out var version) ? version.GetString() : null,
                root.TryGetProperty("labels", out var labels)
                    ? labels.EnumerateObject().Select(each => KeyValuePair.Create(each.Name, each.Value.GetString() ?? ""))
                    : []);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"'{key}' is not a placement key.", exception);
        }
    }

    string BuildKey()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("runtime", RuntimeRef);
            if (RuntimeVersion is not null)
                writer.WriteString("version", RuntimeVersion);
            if (Labels.Count > 0)
            {
                writer.WriteStartObject("labels");
                foreach (var (name, value) in Labels)
                    writer.WriteString(name, value);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
