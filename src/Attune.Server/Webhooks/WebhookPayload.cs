using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using Attune.Engine.Schemas;
using Microsoft.Extensions.Primitives;

namespace Attune.Server.Webhooks;

/// <summary>What rules see of a request: `{body, headers, query, content_type}`. Header names are lower case; credentials are left out.</summary>
static class WebhookPayload
{
    /// <summary>The names of what a webhook's events carry.</summary>
    public static IReadOnlyList<string> Parts { get; } = ["body", "headers", "query", "content_type"];

    static readonly FrozenSet<string> Credentials = FrozenSet.Create("authorization", "cookie", "proxy-authorization");

    // Finds what the database could not store (NUL, half a surrogate pair, numbers out of range), with its place.
    static readonly Schema AnythingStorable = Schema.Parse(JsonElement.Parse(
        """{"body": {"type": "any"}, "headers": {"type": "object"}, "query": {"type": "object"}, "content_type": {"type": "string"}}"""u8)).Schema!;

    public static ReadOnlyMemory<byte> Write(HttpRequest request, WebhookBody body, FrozenSet<string> hiddenHeaders)
        => Written(writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("body");
            writer.WriteRawValue(body.Json.Span, skipInputValidation: true);
            writer.WriteStartObject("headers");
            foreach (var (name, values) in request.Headers)
            {
                var lower = name.ToLowerInvariant();
                if (!lower.StartsWith(':') && !Credentials.Contains(lower) && !hiddenHeaders.Contains(lower))
                    writer.WriteString(lower, string.Join(", ", values.AsEnumerable()));
            }

            writer.WriteEndObject();
            writer.WriteStartObject("query");
            foreach (var (name, values) in request.Query)
                WriteValues(writer, name, values);
            writer.WriteEndObject();
            writer.WriteString("content_type", body.ContentType);
            writer.WriteEndObject();
        });

    public static IReadOnlyList<SchemaProblem> FindUnstorable(ReadOnlyMemory<byte> payload) => AnythingStorable.Validate(payload).Problems;

    /// <summary>A text, or a list of them where the name came more than once.</summary>
    public static void WriteValues(Utf8JsonWriter writer, string name, StringValues values)
    {
        if (values.Count <= 1)
        {
            writer.WriteString(Storable(name), Storable(values.ToString()));
            return;
        }

        writer.WriteStartArray(Storable(name));
        foreach (var value in values)
            writer.WriteStringValue(Storable(value!));
        writer.WriteEndArray();
    }

    public static ReadOnlyMemory<byte> Written(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
            write(writer);
        return buffer.WrittenMemory;
    }

    // Percent-escapes can spell half a surrogate pair or broken UTF-8, on which the writer would throw; U+FFFD is what decoders show for it.
    static string Storable(string text) => text.HasNoSurrogates() ? text : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    static bool HasNoSurrogates(this string text) => !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');
}
