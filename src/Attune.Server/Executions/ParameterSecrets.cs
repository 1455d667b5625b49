using System.Buffers;
using System.Text;
using System.Text.Json;
using Attune.Engine.Schemas;
using Attune.Server.Keys;

namespace Attune.Server.Executions;

/// <summary>
/// Secret parameter values at rest: each is replaced by <c>{"$secret": "…"}</c>. Sealed when an execution is stored, opened only
/// on the way to the agent that runs it, and shown to everyone else as <c>***</c>.
/// </summary>
sealed class ParameterSecrets(SecretBox box)
{
    const string Marker = "$secret";
    const string Mask = "***";

    static readonly byte[] EmptyObject = "{}"u8.ToArray();

    /// <summary>Seals the schema's secrets in a JSON object that fits it.</summary>
    public string Seal(ReadOnlyMemory<byte> parameters, Schema schema)
        => Encoding.UTF8.GetString(schema.ReplaceSecrets(parameters, WriteSealed).Span);

    /// <summary>Seals a document of which it is not known what is secret in it. <see cref="Reveal"/> opens it.</summary>
    public string SealWhole(string json)
    {
        using var document = JsonDocument.Parse(json);
        return Encoding.UTF8.GetString(Write(writer => WriteSealed(writer, document.RootElement)));
    }

    void WriteSealed(Utf8JsonWriter writer, JsonElement value)
    {
        writer.WriteStartObject();
        writer.WriteString(Marker, box.Protect(Encoding.UTF8.GetBytes(value.GetRawText())));
        writer.WriteEndObject();
    }

    /// <summary>The inverse: the document as the action's process reads it.</summary>
    public ReadOnlyMemory<byte> Reveal(string? config)
    {
        if (config is null or "{}")
            return EmptyObject;
        if (!config.Contains(Marker, StringComparison.Ordinal))
            return Encoding.UTF8.GetBytes(config);

        using var document = JsonDocument.Parse(config);
        return Write(writer => Open(writer, document.RootElement, sealedText =>
            writer.WriteRawValue(box.Unprotect(sealedText))));
    }

    /// <summary>The document as people may see it.</summary>
    public static string? Conceal(string? config)
    {
        if (config is null || !config.Contains(Marker, StringComparison.Ordinal))
            return config;

        using var document = JsonDocument.Parse(config);
        return Encoding.UTF8.GetString(Write(writer => Open(writer, document.RootElement, _ => writer.WriteStringValue(Mask))));
    }

    /// <summary>Dotted paths of what is sealed in a stored document.</summary>
    public static IReadOnlyList<string> SealedPaths(string? config)
    {
        if (config is null || !config.Contains(Marker, StringComparison.Ordinal))
            return [];

        using var document = JsonDocument.Parse(config);
        return [.. Find(document.RootElement, "")];

        static IEnumerable<string> Find(JsonElement element, string path) => element.ValueKind is not JsonValueKind.Object
            ? []
            : IsSealed(element)
                ? [path]
                : element.EnumerateObject()
                    .SelectMany(property => Find(property.Value, path is "" ? property.Name : $"{path}.{property.Name}"))
                    .ToList();
    }

    static void Open(Utf8JsonWriter writer, JsonElement element, Action<string> writeSecret)
    {
        if (IsSealed(element))
        {
            writeSecret(element.GetProperty(Marker).GetString() ?? "");
        }
        else if (element.ValueKind is JsonValueKind.Object)
        {
            writer.WriteStartObject();
            foreach (var property in element.EnumerateObject())
            {
                writer.WritePropertyName(property.Name);
                Open(writer, property.Value, writeSecret);
            }

            writer.WriteEndObject();
        }
        else
        {
            element.WriteTo(writer);
        }
    }

    // Only a sealed value has exactly this shape with our version prefix; a user's own {"$secret": …} would not open.
    static bool IsSealed(JsonElement element)
        => element.ValueKind is JsonValueKind.Object
           && element.TryGetProperty(Marker, out var text)
           && text.ValueKind is JsonValueKind.String
           && text.GetString() is { } value
           && value.StartsWith("v1:", StringComparison.Ordinal)
           && element.EnumerateObject().Count() == 1;

    static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
            write(writer);
        return buffer.WrittenSpan.ToArray();
    }
}
