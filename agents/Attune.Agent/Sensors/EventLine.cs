using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Attune.Agent.Running;
using Attune.Engine.Schemas;
using Attune.V1;
using Google.Protobuf;

namespace Attune.Agent.Sensors;

/// <summary>Reads one line of a sensor's stdout: `{"trigger":"pack.name","payload":{…},"rule":…,"key":…}`.</summary>
static class EventLine
{
    public const int BytesMax = 1 << 20;
    const int NameMax = 255;

    // The payload may be as deep as an action's result, and the line is one level more.
    static readonly JsonReaderOptions Options = new() { MaxDepth = ActionResult.DepthMax + 1 };
    static readonly string[] Fields = ["trigger", "payload", "rule", "key"];

    /// <summary>Null with a sentence for the sensor's author when the line is no event of these triggers.</summary>
    public static SensorEvent? Read(ReadOnlySpan<byte> line, IReadOnlyList<string> triggers, out string why)
    {
        try
        {
            if (line.Contains((byte)0))
                throw new UnfitException("it holds a NUL byte.");
            if (!Utf8.IsValid(line))
                throw new UnfitException("it is not UTF-8.");

            var reader = new Utf8JsonReader(line, Options);
            var found = new SensorEvent();
            ReadObject(line, ref reader, found, triggers);
            why = "";
            return found;
        }
        catch (JsonException invalid)
        {
            var end = invalid.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            why = $"it is not JSON, at byte {(invalid.BytePositionInLine ?? 0) + 1}: {(end > 0 ? invalid.Message[..end] : invalid.Message)}";
        }
        catch (InvalidOperationException)
        {
            why = "it holds half of a surrogate pair.";
        }
        catch (UnfitException unfit)
        {
            why = unfit.Message;
        }

        return null;
    }

    static void ReadObject(ReadOnlySpan<byte> line, ref Utf8JsonReader reader, SensorEvent found, IReadOnlyList<string> triggers)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new UnfitException("it is no JSON object.");

        var hasPayload = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("trigger"u8))
            {
                found.TriggerRef = Trigger(ref reader, triggers);
            }
            else if (reader.ValueTextEquals("payload"u8))
            {
                found.Payload = Payload(line, ref reader);
                hasPayload = true;
            }
            else if (reader.ValueTextEquals("rule"u8))
            {
                found.RuleRef = Text(ref reader, "rule");
            }
            else if (reader.ValueTextEquals("key"u8))
            {
                found.IdempotencyKey = Text(ref reader, "key");
            }
            else
            {
                var name = reader.GetString()!;
                throw new UnfitException($"'{name}' is not known.{NearestName.Suggest(name, Fields)}");
            }
        }

        // Anything after the object throws.
        reader.Read();
        if (found.TriggerRef.Length == 0 || !hasPayload)
            throw new UnfitException(hasPayload ? "'trigger' is missing." : "'payload' is missing.");
    }

    // Known refs are compared in place: most events come in floods of the same trigger.
    static string Trigger(ref Utf8JsonReader reader, IReadOnlyList<string> triggers)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
            throw new UnfitException("'trigger' must be a string.");

        foreach (var known in triggers)
        {
            if (reader.ValueTextEquals(known))
                return known;
        }

        var name = reader.GetString()!;
        throw new UnfitException($"'{name}' is no trigger of this sensor.{NearestName.Suggest(name, triggers)}");
    }

    static string Text(ref Utf8JsonReader reader, string field)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            return "";

        var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new UnfitException($"'{field}' must be a string.");
        if (text.Length is 0 or > NameMax || text.Contains('\0'))
            throw new UnfitException($"'{field}' must have 1 to {NameMax} characters and no NUL.");
        return text;
    }

    static ByteString Payload(ReadOnlySpan<byte> line, ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new UnfitException("'payload' must be an object.");

        var start = (int)reader.TokenStartIndex;
        var depth = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == depth))
            Check(ref reader);
        return ByteString.CopyFrom(line[start..(int)reader.BytesConsumed]);
    }

    // What PostgreSQL's jsonb or a double cannot hold.
    static void Check(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String or JsonTokenType.PropertyName when reader.ValueIsEscaped && reader.GetString()!.Contains('\0'):
                throw new UnfitException("its payload holds \\u0000.");
            case JsonTokenType.Number when !ActionResult.IsInRange(reader.ValueSpan, ref reader):
                var number = Encoding.UTF8.GetString(reader.ValueSpan[..Math.Min(40, reader.ValueSpan.Length)]);
                throw new UnfitException($"the number {number} in its payload is out of range.");
        }
    }

    sealed class UnfitException(string why) : Exception(why);
}
