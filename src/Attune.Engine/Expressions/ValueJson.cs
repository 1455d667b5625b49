using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Attune.Engine.Expressions;

/// <summary>Values from JSON and to JSON.</summary>
static class ValueJson
{
    static readonly JsonReaderOptions Plain = new() { MaxDepth = DepthMax };

    // What its document was allowed to hold has been decided already.
    static readonly JsonReaderOptions OfElement = Plain with { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    static readonly JsonWriterOptions Indented = Compact with { Indented = true, IndentSize = 2, NewLine = "\n" };

    public const int DepthMax = 64;

    public static Value Read(JsonElement json)
        => json.ValueKind is JsonValueKind.Undefined ? Value.Null : Read(JsonMarshal.GetRawUtf8Value(json), OfElement);

    public static Value Read(ReadOnlySpan<byte> utf8Json) => Read(utf8Json, Plain);

    public static void Write(Utf8JsonWriter writer, Value value)
    {
        switch (value.Kind)
        {
            case ValueKind.Null:
                writer.WriteNullValue();
                break;
            case ValueKind.Bool:
                writer.WriteBooleanValue(value.AsBool());
                break;
            case ValueKind.Int:
                writer.WriteNumberValue(value.AsInt());
                break;
            case ValueKind.Double:
                writer.WriteNumberValue(value.AsDouble());
                break;
            case ValueKind.String:
                writer.WriteStringValue(value.AsString());
                break;
            case ValueKind.List:
                writer.WriteStartArray();
                foreach (var item in value.Items.Span)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStartObject();
                foreach (var (name, member) in value.Members.Span)
                {
                    writer.WritePropertyName(name);
                    Write(writer, member);
                }

                writer.WriteEndObject();
                break;
        }
    }

    public static string Text(Value value, bool indented)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, indented ? Indented : Compact))
            Write(writer, value);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static string Show(Value value, int maxLength)
    {
        var text = new StringBuilder();
        Show(text, value, maxLength);
        return text.Length <= maxLength ? text.ToString() : Cut(text.ToString(), Math.Max(0, maxLength - 1)) + "…";
    }

    /// <summary>At most that long, and never half a surrogate pair.</summary>
    public static string Cut(string text, int length)
        => text.Length <= length ? text
            : length > 0 && char.IsHighSurrogate(text[length - 1]) ? text[..(length - 1)]
            : text[..length];

    // Gives up once it is longer than asked for, so that showing a large value costs no more than a small one.
    static void Show(StringBuilder text, Value value, int maxLength)
    {
        switch (value.Kind)
        {
            case ValueKind.List:
                text.Append('[');
                var isFirstItem = true;
                foreach (var item in value.Items.Span)
                {
                    if (text.Length > maxLength)
                        return;
                    text.Append(isFirstItem ? "" : ", ");
                    isFirstItem = false;
                    Show(text, item, maxLength);
                }

                text.Append(']');
                break;
            case ValueKind.Map:
                text.Append('{');
                var isFirst = true;
                foreach (var (name, member) in value.Members.Span)
                {
                    if (text.Length > maxLength)
                        return;
                    text.Append(isFirst ? "" : ", ").Append(Text(Value.Of(Cut(name, maxLength + 2)), false)).Append(": ");
                    Show(text, member, maxLength);
                    isFirst = false;
                }

                text.Append('}');
                break;
            case ValueKind.String:
                text.Append(Text(Value.Of(Cut(value.AsString(), maxLength + 2)), false));
                break;
            default:
                text.Append(Text(value, false));
                break;
        }
    }

    static Value Read(ReadOnlySpan<byte> utf8Json, JsonReaderOptions options)
    {
        var reader = new Utf8JsonReader(utf8Json, options);
        reader.Read();
        try
        {
            var value = Read(ref reader);
            while (reader.Read())
            {
            }

            return value;
        }
        catch (InvalidOperationException half)
        {
            throw new JsonException("The text holds half a surrogate pair.", half);
        }
    }

    static Value Read(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.Null => Value.Null,
        JsonTokenType.True => Value.Of(true),
        JsonTokenType.False => Value.Of(false),
        JsonTokenType.Number when reader.TryGetInt64(out var whole) => Value.Of(whole),
        JsonTokenType.Number when reader.TryGetDouble(out var number) && double.IsFinite(number) => Value.Of(number),
        JsonTokenType.Number => throw new JsonException("A number does not fit a 64-bit floating point number."),
        JsonTokenType.String => Value.Of(reader.GetString()!),
        JsonTokenType.StartArray => Value.Of(List(ref reader)),
        _ => Value.Of(Map(ref reader)),
    };

    static ValueList List(ref Utf8JsonReader reader)
    {
        var items = new List<Value>();
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
            items.Add(Read(ref reader));
        return items.Count == 0 ? ValueList.Empty : new([.. items]);
    }

    static ValueMap Map(ref Utf8JsonReader reader)
    {
        var members = new List<KeyValuePair<string, Value>>();
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            reader.Read();
            members.Add(new(name, Read(ref reader)));
        }

        return ValueMap.Of(members);
    }
}
