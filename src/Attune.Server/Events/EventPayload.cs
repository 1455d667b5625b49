using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Attune.Engine.Schemas;
using Attune.Server.Hosting;
using Attune.Server.Triggers;
using Attune.V1;

namespace Attune.Server.Events;

/// <summary>
/// What an event carries, checked: an object of at most 1 MiB, or what its webhook lets in, that fits its trigger's schema and that the
/// database can hold.
/// </summary>
static class EventPayload
{
    public const int BytesMax = 1 << 20;

    /// <summary>Of a webhook, whose own limit is for the body alone; texts may grow when they are written as JSON.</summary>
    const int WebhookBytesMax = 64 << 20;

    // A Struct on the wire may not be much deeper, and what is stored must be shown again.
    const int DepthMax = 30;

    static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false };

    /// <summary>The payload with defaults applied; empty where <paramref name="violations"/> got something: every mistake.</summary>
    public static ReadOnlyMemory<byte> Check(
        ReadOnlyMemory<byte> given, EventOrigin origin, Schema schema, string path, List<Violation> violations)
    {
        var bytesMax = origin is EventOrigin.Webhook ? WebhookBytesMax : BytesMax;
        if (given.Length > bytesMax)
        {
            violations.Add(new(path, $"has {given.Length} bytes of JSON; at most {bytesMax} are allowed."));
            return default;
        }

        if (IsTooDeep(given.Span))
        {
            violations.Add(new(path, $"is nested deeper than {DepthMax} levels."));
            return default;
        }

        if (!Utf8.IsValid(given.Span))
        {
            violations.Add(new(path, "is not UTF-8 text."));
            return default;
        }

        // A schema checks texts and numbers itself; only an escape can hide the reserved name from a look at the bytes.
        var isEscaped = given.Span.IndexOf("\\u"u8) >= 0;
        if (given.Span.IndexOf("\"$secret\""u8) >= 0)
            violations.Add(new(path, "the name '$secret' is reserved; use another one."));
        else if (schema.IsEmpty || isEscaped || origin is EventOrigin.Webhook)
            given = Walk(given, isEscaped, origin is EventOrigin.Webhook ? schema : Schema.Empty, path, violations);
        if (violations.Count > 0 || schema.IsEmpty)
            return given;

        var outcome = schema.Validate(given);
        foreach (var problem in outcome.Problems)
            violations.Add(new(problem.PathUnder(path), problem.Message));
        return outcome.Value;
    }

    static bool IsTooDeep(ReadOnlySpan<byte> json)
    {
        // Nearly no payload has so many brackets at all.
        if (json.Count((byte)'{') + json.Count((byte)'[') <= DepthMax)
            return false;

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 1000 });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth >= DepthMax)
                    return true;
            }
        }
        catch (JsonException)
        {
            // Not JSON: whoever parses it says what is wrong.
        }

        return false;
    }

    /// <param name="given">JSON.</param>
    /// <param name="isEscaped">Whether its texts may hold what only an escape can.</param>
    /// <param name="known">What is kept of it; empty: everything.</param>
    /// <param name="path">Of the payload in the request.</param>
    /// <param name="violations">Gets every mistake.</param>
    static ReadOnlyMemory<byte> Walk(ReadOnlyMemory<byte> given, bool isEscaped, Schema known, string path, List<Violation> violations)
    {
        try
        {
            using var document = JsonDocument.Parse(given, Reading);
            var root = document.RootElement;
            if (root.ValueKind is not JsonValueKind.Object)
            {
                violations.Add(new(path, "must be an object."));
                return default;
            }

            if (isEscaped)
                violations.AddRange(PartText.FindBadText(root, path));
            if (violations.Count == 0 && !IsStorable(root, isEscaped))
                violations.Add(new(path, "holds a number that does not fit a 64-bit floating point number, or the reserved name '$secret'."));
            return known.IsEmpty || violations.Count > 0 ? given : Keep(root, known.Names);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            violations.Add(new(path, $"is not JSON that can be taken: {exception.Message}"));
            return default;
        }
    }

    static bool IsStorable(JsonElement json, bool isEscaped)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Number:
                return double.IsFinite(json.GetDouble()) && System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(json).Length <= 400;
            case JsonValueKind.Array:
                foreach (var item in json.EnumerateArray())
                {
                    if (!IsStorable(item, isEscaped))
                        return false;
                }

                return true;
            case JsonValueKind.Object:
                foreach (var member in json.EnumerateObject())
                {
                    if ((isEscaped && member.NameEquals("$secret"u8)) || !IsStorable(member.Value, isEscaped))
                        return false;
                }

                return true;
            default:
                return true;
        }
    }

    static ReadOnlyMemory<byte> Keep(JsonElement root, IReadOnlyList<string> names)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var member in root.EnumerateObject())
            {
                if (names.Contains(member.Name))
                    member.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}
