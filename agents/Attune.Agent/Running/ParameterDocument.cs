using System.Text;
using System.Text.Json;
using Attune.V1;

namespace Attune.Agent.Running;

/// <summary>The one document in which an action gets its parameters.</summary>
static class ParameterDocument
{
    public static byte[] Write(ReadOnlyMemory<byte> parameters, ParameterFormat format)
    {
        var json = parameters.IsEmpty ? "{}"u8.ToArray() : parameters;
        if (format is ParameterFormat.Json or ParameterFormat.Unspecified)
        {
            // `read` in a shell takes a line only when it ends.
            return [.. json.Span, (byte)'\n'];
        }

        using var document = JsonDocument.Parse(json);
        var text = format == ParameterFormat.Yaml ? BlockYaml.Write(document.RootElement) : Dotenv(document.RootElement);
        return Encoding.UTF8.GetBytes(text);
    }

    // `eval "$(cat)"` in any POSIX shell gives each value as it is: inside of single quotes only the quote itself means anything.
    static string Dotenv(JsonElement parameters)
    {
        var text = new StringBuilder();
        foreach (var each in parameters.EnumerateObject())
        {
            var value = each.Value.ValueKind switch
            {
                JsonValueKind.Null => "",
                JsonValueKind.String => each.Value.GetString()!,
                _ => each.Value.GetRawText(),
            };
            text.Append(VariableName(each.Name))
                .Append("='")
                .Append(value.Replace("'", "'\\''", StringComparison.Ordinal).Replace('\0', '\uFFFD'))
                .Append("'\n");
        }

        return text.ToString();
    }

    static string VariableName(string name)
    {
        var clean = string.Concat(name.Select(character => char.IsAsciiLetterOrDigit(character) ? character : '_'));
        return clean.Length == 0 || char.IsAsciiDigit(clean[0]) ? '_' + clean : clean;
    }
}
