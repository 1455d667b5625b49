using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Attune.Agent.Running;

/// <summary>The secrets of one run, in every spelling in which they could turn up in output.</summary>
static class SecretForms
{
    /// <summary>
    /// Anything shorter is not masked: it turns up everywhere by chance, and a log full of masks would tell the secret by what is missing.
    /// </summary>
    public const int LengthMin = 4;

    /// <summary>Values of the named parameters: strings and numbers, also those inside of objects and lists.</summary>
    public static IReadOnlyList<string> Values(ReadOnlyMemory<byte> parameters, IEnumerable<string> paths)
    {
        var values = new HashSet<string>(StringComparer.Ordinal);
        if (paths.FirstOrDefault() is null || parameters.IsEmpty)
        {
            return [];
        }

        using var document = JsonDocument.Parse(parameters);
        foreach (var path in paths)
        {
            Collect(document.RootElement, path, values);
        }

        return [.. values];
    }

    /// <summary>Each as Latin-1 text, one character per byte, so that bytes can be searched with the vectorized text search.</summary>
    public static IReadOnlyCollection<string> Of(IEnumerable<string> values)
    {
        var forms = new HashSet<string>(StringComparer.Ordinal);
        foreach (var value in values.SelectMany(WholeAndLines).Where(value => value.Length >= LengthMin))
        {
            foreach (var text in Texts(value))
            {
                forms.Add(Latin1(Encoding.UTF8.GetBytes(text)));
            }

            foreach (var text in Base64(Encoding.UTF8.GetBytes(value)))
            {
                forms.Add(text);
                forms.Add(text.Replace('+', '-').Replace('/', '_'));
            }
        }

        forms.RemoveWhere(form => form.Length < LengthMin);
        return forms;
    }

    public static string Latin1(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    static void Collect(JsonElement element, string path, HashSet<string> values)
    {
        if (path.Length == 0)
        {
            CollectAll(element, values);
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var each in element.EnumerateArray())
            {
                Collect(each, path, values);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            // A name may itself hold a dot: the whole path first.
            if (element.TryGetProperty(path, out var whole))
            {
                CollectAll(whole, values);
            }

            if (path.IndexOf('.') is > 0 and var dot && element.TryGetProperty(path.AsSpan(0, dot), out var inner))
            {
                Collect(inner, path[(dot + 1)..], values);
            }
        }
    }

    static void CollectAll(JsonElement element, HashSet<string> values)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                values.Add(element.GetString()!);
                break;
            case JsonValueKind.Number:
                values.Add(element.GetRawText());
                break;
            case JsonValueKind.Array:
                foreach (var each in element.EnumerateArray())
                {
                    CollectAll(each, values);
                }

                break;
            case JsonValueKind.Object:
                foreach (var each in element.EnumerateObject())
                {
                    CollectAll(each.Value, values);
                }

                break;
        }
    }

    // A key in PEM is often printed line by line, indented or with a prefix.
    static IEnumerable<string> WholeAndLines(string value)
        => value.Contains('\n')
            ? value.Split('\n').Select(line => line.Trim()).Append(value).Append(value.Trim())
            : [value];

    static IEnumerable<string> Texts(string value)
    {
        var escaped = Uri.EscapeDataString(value);
        var quoted = escaped.Replace("%2F", "/", StringComparison.Ordinal);
        var component = quoted;
        foreach (var kept in "!'()*/")
        {
            component = component.Replace(Uri.HexEscape(kept), kept.ToString(), StringComparison.Ordinal);
        }

        var json = JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).Value;
        return
        [
            value,
            json,
            json.Replace("/", "\\/", StringComparison.Ordinal),
            JsonEncodedText.Encode(value).Value,
            AsciiJson(value),
            escaped,
            Lower(escaped),
            quoted,
            component.Replace("/", "%2F", StringComparison.Ordinal),
            component,
            escaped.Replace("%20", "+", StringComparison.Ordinal),
            quoted.Replace("%20", "+", StringComparison.Ordinal),
            value.Replace("'", "'\\''", StringComparison.Ordinal),
        ];
    }

    // As Python's json writes it: everything beyond ASCII as \uXXXX in lower case.
    static string AsciiJson(string value)
    {
        var text = new StringBuilder(value.Length + 16);
        foreach (var character in value)
        {
            _ = character switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' or > '~' => text.Append("\\u").Append(((int)character).ToString("x4", null)),
                _ => text.Append(character),
            };
        }

        return text.ToString();
    }

    static string Lower(string escaped)
    {
        var text = escaped.ToCharArray();
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] == '%' && index + 2 < text.Length)
            {
                (text[index + 1], text[index + 2]) = (char.ToLowerInvariant(text[index + 1]), char.ToLowerInvariant(text[index + 2]));
            }
        }

        return new string(text);
    }

    // The whole value; and for each of the three ways in which it can lie inside something larger, the characters that no neighbour changes.
    static IEnumerable<string> Base64(byte[] bytes)
    {
        yield return Convert.ToBase64String(bytes);
        for (var before = 0; before < 3; before++)
        {
            var text = Convert.ToBase64String([.. new byte[before], .. bytes]);
            var first = ((before * 8) + 5) / 6;
            var end = (before + bytes.Length) * 8 / 6;
            yield return end > first ? text[first..end] : "";
        }
    }
}
