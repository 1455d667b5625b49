using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Attune.Packs.Yaml;

enum YamlKind
{
    Null,
    Boolean,
    Integer,
    Number,
    Text,
    List,
    Map,
}

/// <summary>What a node means by the core schema of YAML 1.2 (`yes` and `on` are text), and the same as JSON.</summary>
static partial class YamlJson
{
    static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static YamlKind Kind(this YamlNode node) => node switch
    {
        YamlList => YamlKind.List,
        YamlMap => YamlKind.Map,
        YamlScalar { IsPlain: false } => YamlKind.Text,
        YamlScalar { Text: "" or "~" or "null" or "Null" or "NULL" } => YamlKind.Null,
        YamlScalar { Text: "true" or "True" or "TRUE" or "false" or "False" or "FALSE" } => YamlKind.Boolean,
        YamlScalar scalar when IsInteger(scalar.Text, out _) => YamlKind.Integer,
        YamlScalar scalar when Decimal().IsMatch(scalar.Text) => YamlKind.Number,
        _ => YamlKind.Text,
    };

    public static bool IsInteger(string text, out long number)
    {
        number = 0;
        if (text.StartsWith("0x", StringComparison.Ordinal))
            return long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number) && number >= 0;
        if (Octal().IsMatch(text))
        {
            number = text.Skip(2).Aggregate(0L, (sum, digit) => (sum * 8) + (digit - '0'));
            return true;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Null for what JSON cannot say: a number beyond a 64-bit float, or one of the two infinities.</summary>
    public static double? Number(YamlScalar scalar)
        => IsInteger(scalar.Text, out var whole) ? whole
            : double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number
            : null;

    public static string ToJson(this YamlNode node)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, Options))
            Write(writer, node);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static int LineOf(this YamlNode node, string path) => node.PlaceOf(path).Line;

    /// <summary>Where what a dotted path such as `port.enum` or `nodes[2].name` leads to begins, or the nearest thing above it.</summary>
    public static YamlPlace PlaceOf(this YamlNode node, string path)
    {
        path = path.TrimStart('.');
        switch (node)
        {
            case YamlList list when Index().Match(path) is { Success: true } match
                && int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) is var index && index < list.Items.Count:
                return list.Items[index].PlaceOf(path[match.Length..]);
            case YamlMap map when path is not "" && map.Entries
                .Where(entry => path.StartsWith(entry.Key, StringComparison.Ordinal)
                    && (path.Length == entry.Key.Length || path[entry.Key.Length] is '.' or '['))
                .MaxBy(entry => entry.Key.Length) is { } entry:
                var rest = path[entry.Key.Length..].TrimStart('.');
                var below = rest is "" || entry.Value is YamlScalar ? entry.Place : entry.Value.PlaceOf(rest);

                // What an alias stands for is further up in the file; the alias is where it is wrong.
                return below.Line < entry.Line ? entry.Place : below;
            default:
                return node.Place;
        }
    }

    static void Write(Utf8JsonWriter writer, YamlNode node)
    {
        switch (node)
        {
            case YamlMap map:
                writer.WriteStartObject();
                foreach (var entry in map.Entries)
                {
                    writer.WritePropertyName(entry.Key);
                    Write(writer, entry.Value);
                }

                writer.WriteEndObject();
                break;
            case YamlList list:
                writer.WriteStartArray();
                foreach (var item in list.Items)
                    Write(writer, item);
                writer.WriteEndArray();
                break;
            case YamlScalar scalar:
                Write(writer, scalar);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(node), node, null);
        }
    }

    static void Write(Utf8JsonWriter writer, YamlScalar scalar)
    {
        switch (scalar.Kind())
        {
            case YamlKind.Null:
                writer.WriteNullValue();
                break;
            case YamlKind.Boolean:
                writer.WriteBooleanValue(scalar.Text[0] is 't' or 'T');
                break;
            case YamlKind.Integer:
                _ = IsInteger(scalar.Text, out var whole);
                writer.WriteNumberValue(whole);
                break;
            case YamlKind.Number when Number(scalar) is { } number:
                writer.WriteNumberValue(number);
                break;
            default:
                writer.WriteStringValue(scalar.Text);
                break;
        }
    }

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Decimal();

    [GeneratedRegex(@"^0o[0-7]{1,20}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Octal();

    [GeneratedRegex(@"^\[([0-9]{1,9})\]", RegexOptions.CultureInvariant)]
    private static partial Regex Index();
}
