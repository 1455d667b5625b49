using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Cli.Parameters;

/// <summary>Turns the text of one value into what its schema says it is.</summary>
static class ParameterText
{
    // Numbers travel as doubles (google.protobuf.Value); beyond this they would arrive changed.
    const long IntegerMax = (1L << 53) - 1;

    public static Value Typed(string path, string text, ParameterField field) => field.Type switch
    {
        "string" => Value.ForString(text),
        "integer" => Integer(path, text),
        "number" => Number(path, text),
        "boolean" => Boolean(path, text),
        "array" => Array(path, text, field),
        "object" => Json(path, text) is { KindCase: Value.KindOneofCase.StructValue } value
            ? value
            : throw Wrong(path, text, "a JSON object such as {\"key\": \"value\"}"),
        _ => Guessed(text),
    };

    /// <summary>`k:=json`, and values whose type is written down nowhere else.</summary>
    public static Value Json(string path, string text)
    {
        try
        {
            return JsonParser.Default.Parse<Value>(text);
        }
        catch (Exception wrong) when (wrong is InvalidJsonException or InvalidProtocolBufferException)
        {
            throw Wrong(path, text, "JSON");
        }
    }

    /// <summary>Without a schema: what reads as a number, true, false, null, an array or an object is one; the rest is text.</summary>
    static Value Guessed(string text)
    {
        var start = text.AsSpan().TrimStart();
        if (start.Length is 0 || !(char.IsAsciiDigit(start[0]) || start[0] is '-' or '{' or '[' || text is "true" or "false" or "null"))
            return Value.ForString(text);

        try
        {
            return JsonParser.Default.Parse<Value>(text);
        }
        catch (Exception wrong) when (wrong is InvalidJsonException or InvalidProtocolBufferException)
        {
            return Value.ForString(text);
        }
    }

    static Value Integer(string path, string text)
        => !long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? throw Wrong(path, text, "an integer")
            : number is > IntegerMax or < -IntegerMax
                ? throw Wrong(path, text, $"between -{IntegerMax} and {IntegerMax}, which is as far as JSON numbers are exact")
                : Value.ForNumber(number);

    static Value Number(string path, string text)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? Value.ForNumber(number)
            : throw Wrong(path, text, "a number");

    static Value Boolean(string path, string text) => text.ToLowerInvariant() switch
    {
        "true" or "yes" or "on" or "1" => Value.ForBool(true),
        "false" or "no" or "off" or "0" => Value.ForBool(false),
        _ => throw Wrong(path, text, "a boolean: true or false"),
    };

    // `paths=/var` is an array of one, and `paths=/ paths=/var` of two; a bracket begins JSON.
    static Value Array(string path, string text, ParameterField field)
    {
        if (!text.AsSpan().TrimStart().StartsWith("["))
            return Value.ForList(Typed(path, text, field.Items ?? ParameterField.Unknown));

        return Json(path, text) is { KindCase: Value.KindOneofCase.ListValue } list
            ? list
            : throw Wrong(path, text, "a JSON array such as [\"one\", \"two\"]");
    }

    // The value is not repeated: it may be a secret, and messages end up in logs.
    static CommandFailure Wrong(string path, string text, string wanted)
        => new($"{path}: {(text.Length is 0 ? "nothing is given, and it is to be" : "what is given is not")} {wanted}.");
}
