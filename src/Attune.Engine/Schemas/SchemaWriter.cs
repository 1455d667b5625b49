using System.Text.Encodings.Web;
using System.Text.Json;

namespace Attune.Engine.Schemas;

/// <summary>Writes a value that was found valid: defaults filled in, nulls that mean "not given" left out, integers as integers.</summary>
static class SchemaWriter
{
    // The result goes to scripts and to the database, never into HTML, so `<` and `é` stay readable.
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static void Write(Utf8JsonWriter writer, Schema schema, JsonElement value)
    {
        writer.WriteStartObject();
        foreach (var field in schema.Fields)
        {
            var given = value.TryGetProperty(field.EncodedName.EncodedUtf8Bytes, out var element)
                && (element.ValueKind is not JsonValueKind.Null || (field.Type is FieldType.Any && field.Default is null));
            if (given)
            {
                writer.WritePropertyName(field.EncodedName);
                Write(writer, field, element);
            }
            else if (field.Default is { } filled)
            {
                writer.WritePropertyName(field.EncodedName);
                writer.WriteRawValue(filled.Span, skipInputValidation: true);
            }
        }

        writer.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter writer, SchemaField field, JsonElement value)
    {
        switch (field.Type)
        {
            case FieldType.Integer:
                writer.WriteNumberValue(SchemaCheck.WholeNumber(value)!.Value);
                break;
            case FieldType.Object when field.Properties is { } properties:
                Write(writer, properties, value);
                break;
            case FieldType.Array when field.Items is { } items:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                    Write(writer, items, item);
                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    public static void WriteReplaced(
        Utf8JsonWriter writer, Schema schema, JsonElement value, Action<Utf8JsonWriter, JsonElement> write)
    {
        if (value.ValueKind is not JsonValueKind.Object)
        {
            value.WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        foreach (var property in value.EnumerateObject())
        {
            writer.WritePropertyName(property.Name);
            var field = schema.Fields.FirstOrDefault(each => property.NameEquals(each.Name));
            if (field is null or { HoldsSecret: false } || property.Value.ValueKind is JsonValueKind.Null)
                property.Value.WriteTo(writer);
            else if (field is { Secret: false, Properties: { } properties })
                WriteReplaced(writer, properties, property.Value, write);
            else
                write(writer, property.Value);
        }

        writer.WriteEndObject();
    }
}
