using System.Buffers;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Server.Hosting;

/// <summary>
/// Free-form data between the wire (Struct, Value) and the database (JSON, UTF-8), without reflection. A double that is a whole
/// number is written as one, so that an integer survives the trip through Struct.
/// </summary>
static class JsonStruct
{
    static readonly byte[] EmptyObject = "{}"u8.ToArray();

    // 2^53: above it a double no longer holds every integer.
    const double ExactIntegerLimit = 9007199254740992;

    public static byte[] ToUtf8Json(this Struct? value)
    {
        if (value is null || value.Fields.Count == 0)
            return EmptyObject;

        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, value);
        return buffer.WrittenSpan.ToArray();
    }

    public static byte[] ToUtf8Json(this Value value)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, value);
        return buffer.WrittenSpan.ToArray();
    }

    public static void Write(Utf8JsonWriter writer, Struct value)
    {
        writer.WriteStartObject();
        foreach (var (name, field) in value.Fields)
        {
            writer.WritePropertyName(name);
            Write(writer, field);
        }

        writer.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter writer, Value value)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.StringValue:
                writer.WriteStringValue(value.StringValue);
                break;
            case Value.KindOneofCase.BoolValue:
                writer.WriteBooleanValue(value.BoolValue);
                break;
            case Value.KindOneofCase.NumberValue when Math.Abs(value.NumberValue) < ExactIntegerLimit
                                                      && Math.Floor(value.NumberValue) == value.NumberValue:
                writer.WriteNumberValue((long)value.NumberValue);
                break;
            case Value.KindOneofCase.NumberValue when double.IsFinite(value.NumberValue):
                writer.WriteNumberValue(value.NumberValue);
                break;
            case Value.KindOneofCase.StructValue:
                Write(writer, value.StructValue);
                break;
            case Value.KindOneofCase.ListValue:
                writer.WriteStartArray();
                foreach (var item in value.ListValue.Values)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                // JSON has no NaN or infinity.
                writer.WriteNullValue();
                break;
        }
    }

    /// <summary>Null for null and for JSON that is not an object.</summary>
    public static Struct? ToStruct(string? json)
    {
        if (json is null)
            return null;
        if (json is "{}")
            return new();
        using var document = JsonDocument.Parse(json);
        return document.RootElement.ValueKind is JsonValueKind.Object ? ToStruct(document.RootElement) : null;
    }

    public static Value? ToValue(string? json)
    {
        if (json is null)
            return null;
        using var document = JsonDocument.Parse(json);
        return ToValue(document.RootElement);
    }

    public static Struct ToStruct(JsonElement element)
    {
        var value = new Struct();
        foreach (var property in element.EnumerateObject())
            value.Fields[property.Name] = ToValue(property.Value);
        return value;
    }

    public static Value ToValue(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                return new() { StructValue = ToStruct(element) };
            case JsonValueKind.Array:
                var list = new ListValue();
                foreach (var item in element.EnumerateArray())
                    list.Values.Add(ToValue(item));
                return new() { ListValue = list };
            case JsonValueKind.String:
                return new() { StringValue = element.GetString() };
            case JsonValueKind.Number:
                return new() { NumberValue = element.GetDouble() };
            case JsonValueKind.True or JsonValueKind.False:
                return new() { BoolValue = element.GetBoolean() };
            default:
                return Value.ForNull();
        }
    }
}
