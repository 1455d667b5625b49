using System.Text;
using System.Text.Json;

namespace Attune.Agent.Running;

/// <summary>JSON as YAML in block style, quoted so that YAML 1.1 and 1.2 readers see the same values.</summary>
static class BlockYaml
{
    static readonly HashSet<string> Words = new(StringComparer.OrdinalIgnoreCase) { "null", "true", "false", "yes", "no", "on", "off", "y", "n" };

    public static string Write(JsonElement element)
    {
        var text = new StringBuilder();
        if (!TryFlat(element, text))
        {
            Nested(element, 0, text);
        }
        else
        {
            text.Append('\n');
        }

        return text.ToString();
    }

    static void Nested(JsonElement element, int indent, StringBuilder text)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var each in element.EnumerateArray())
            {
                text.Append(' ', indent).Append('-');
                Value(each, indent, text);
            }

            return;
        }

        foreach (var each in element.EnumerateObject())
        {
            text.Append(' ', indent);
            Text(each.Name, text);
            text.Append(':');
            Value(each.Value, indent, text);
        }
    }

    static void Value(JsonElement element, int indent, StringBuilder text)
    {
        var before = text.Length;
        text.Append(' ');
        if (TryFlat(element, text))
        {
            text.Append('\n');
            return;
        }

        text.Length = before;
        text.Append('\n');
        Nested(element, indent + 2, text);
    }

    static bool TryFlat(JsonElement element, StringBuilder text)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                return element.EnumerateObject().Any() ? false : text.Append("{}") is not null;
            case JsonValueKind.Array:
                return element.GetArrayLength() > 0 ? false : text.Append("[]") is not null;
            case JsonValueKind.String:
                Text(element.GetString()!, text);
                return true;
            case JsonValueKind.Number:
                // YAML 1.1 takes an exponent for a number only after a point and with a sign.
                var number = element.GetRawText();
                text.Append(number.AsSpan().IndexOfAny('e', 'E') >= 0 ? Exponent(number) : number);
                return true;
            default:
                text.Append(element.GetRawText());
                return true;
        }
    }

    static string Exponent(string number)
    {
        var at = number.AsSpan().IndexOfAny('e', 'E');
        var mantissa = number.Contains('.') ? number[..at] : number[..at] + ".0";
        var exponent = number[(at + 1)..];
        return $"{mantissa}e{(exponent[0] is '+' or '-' ? "" : "+")}{exponent}";
    }

    static void Text(string value, StringBuilder text)
    {
        if (IsPlain(value))
        {
            text.Append(value);
            return;
        }

        text.Append('"');
        foreach (var character in value)
        {
            _ = character switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\t' => text.Append("\\t"),
                '\r' => text.Append("\\r"),
                < ' ' or (>= '\x7f' and <= '\x9f') or '\u2028' or '\u2029' or '\uFEFF' or '\uFFFE' or '\uFFFF'
                    => text.Append("\\u").Append(((int)character).ToString("X4", null)),
                _ => text.Append(character),
            };
        }

        text.Append('"');
    }

    static bool IsPlain(string value)
        => value.Length > 0 && char.IsAsciiLetter(value[0]) && value[^1] != ' ' && !Words.Contains(value)
            && value.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '.' or '/' or ' ');
}
