using System.Buffers;
using System.Text.Json;
using Attune.V1;
using Google.Protobuf;

namespace Attune.Agent.Sensors;

/// <summary>The lines that a sensor reads on stdin: the first one, then one for each change of its rules.</summary>
static class SensorWords
{
    public static ReadOnlyMemory<byte> Stop { get; } = "{\"type\":\"stop\"}\n"u8.ToArray();

    public static byte[] Start(SensorAssignment sensor) => Line("start", json =>
    {
        json.WritePropertyName("config");
        WriteObject(json, sensor.Config);
        json.WriteStartArray("rules");
        foreach (var rule in sensor.Rules)
            WriteRule(json, rule);
        json.WriteEndArray();
    });

    /// <summary>What must be said to someone who knows the rules of <paramref name="before"/>. Empty when nothing has changed.</summary>
    public static byte[] Changes(SensorAssignment before, SensorAssignment after)
    {
        var known = before.Rules.DistinctBy(rule => rule.RuleRef).ToDictionary(rule => rule.RuleRef);
        var lines = new List<byte[]>();
        foreach (var rule in after.Rules)
        {
            if (!known.Remove(rule.RuleRef, out var was))
                lines.Add(Line("rule_added", json => WriteRule(json, rule, "rule")));
            else if (!was.Equals(rule))
                lines.Add(Line("rule_changed", json => WriteRule(json, rule, "rule")));
        }

        lines.InsertRange(0, known.Keys.Select(removed => Line("rule_removed", json => json.WriteString("ref", removed))));
        return [.. lines.SelectMany(line => line)];
    }

    static byte[] Line(string type, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            write(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    static void WriteRule(Utf8JsonWriter json, SensorRule rule, string? name = null)
    {
        if (name is not null)
            json.WritePropertyName(name);
        json.WriteStartObject();
        json.WriteString("ref", rule.RuleRef);
        json.WriteString("trigger", rule.TriggerRef);
        json.WritePropertyName("trigger_params");
        WriteObject(json, rule.TriggerParams);
        json.WriteEndObject();
    }

    // Written anew rather than copied: the server's text may have line ends, which here end a message.
    static void WriteObject(Utf8JsonWriter json, ByteString text)
    {
        using var document = JsonDocument.Parse(text.IsEmpty ? "{}"u8.ToArray() : text.Memory);
        document.RootElement.WriteTo(json);
    }
}
