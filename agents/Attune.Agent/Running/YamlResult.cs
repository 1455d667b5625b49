using System.Globalization;
using System.Numerics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Attune.Agent.Running;

/// <summary>One YAML document as JSON, by YAML 1.2's core schema; aliases are written out. Uses only the event parser: it needs no reflection, so it survives trimming.</summary>
sealed partial class YamlResult
{
    static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    readonly Dictionary<AnchorName, JsonNode?> anchors = [];
    readonly Parser parser;
    readonly int depthMax;
    int nodesLeft;

    YamlResult(string text, int depthMax, int sizeMax)
        => (parser, this.depthMax, nodesLeft) = (new Parser(new StringReader(text)), depthMax, sizeMax);

    /// <summary>Line and column count from 1.</summary>
    public sealed class InvalidException(string message, long line, long column) : Exception(message)
    {
        public long Line => line;

        public long Column => column;
    }

    /// <returns>Empty for an empty document.</returns>
    public static byte[] ToJson(string text, int depthMax, int sizeMax)
    {
        var result = new YamlResult(text, depthMax, sizeMax);
        try
        {
            var json = result.Document();
            return json.Length <= sizeMax ? json : throw new InvalidException("Too large with its aliases written out.", 1, 1);
        }
        catch (YamlException invalid)
        {
            throw new InvalidException(invalid.Message, invalid.Start.Line, invalid.Start.Column);
        }
        catch (Exception broken) when (broken is InvalidOperationException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            // The scanner gives up on some broken texts without saying where: after what it has read last.
            var last = result.parser.Current?.End ?? Mark.Empty;
            throw new InvalidException("Not valid behind this.", last.Line, last.Column);
        }
    }

    byte[] Document()
    {
        parser.Consume<StreamStart>();
        if (parser.TryConsume<StreamEnd>(out _))
        {
            return [];
        }

        parser.Consume<DocumentStart>();
        var root = Node(1);
        parser.Consume<DocumentEnd>();
        if (parser.TryConsume<DocumentStart>(out var second))
        {
            throw Invalid("There is a second document; only one is expected.", second);
        }

        using var buffer = new MemoryStream();
        using var writer = new Utf8JsonWriter(buffer, Compact);
        if (root is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            root.WriteTo(writer);
        }

        writer.Flush();
        return buffer.ToArray();
    }

    JsonNode? Node(int depth)
    {
        var next = parser.Consume<ParsingEvent>();
        if (depth > depthMax + 1)
        {
            throw Invalid($"Nested deeper than {depthMax} levels.", next);
        }

        if (next is AnchorAlias alias)
        {
            return anchors.TryGetValue(alias.Value, out var known) ? Copy(known, alias) : throw Invalid($"Nothing is anchored as {alias.Value}.", alias);
        }

        Count(1, next);
        var node = next switch
        {
            Scalar scalar => Value(scalar),
            SequenceStart => List(depth),
            MappingStart => Mapping(depth),
            _ => throw Invalid("A value is expected.", next),
        };
        if (next is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            anchors[anchored.Anchor] = node;
        }

        return node;
    }

    JsonArray List(int depth)
    {
        var list = new JsonArray();
        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            list.Add(Node(depth + 1));
        }

        return list;
    }

    JsonObject Mapping(int depth)
    {
        var mapping = new JsonObject();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out var name))
            {
                throw Invalid("The name of an entry must be plain text.", parser.Current!);
            }

            if (mapping.ContainsKey(name.Value))
            {
                throw Invalid("The entry appears twice.", name);
            }

            mapping.Add(name.Value.Replace('\0', '\uFFFD'), Node(depth + 1));
        }

        return mapping;
    }

    // A few nested aliases can stand for billions of nodes: each copy counts.
    JsonNode? Copy(JsonNode? node, ParsingEvent at)
    {
        Count(Size(node), at);
        return node?.DeepClone();
    }

    void Count(int nodes, ParsingEvent at)
    {
        nodesLeft -= nodes;
        if (nodesLeft < 0)
        {
            throw Invalid("Too large with its aliases written out.", at);
        }
    }

    static int Size(JsonNode? node) => node switch
    {
        JsonArray list => 1 + list.Sum(Size),
        JsonObject mapping => 1 + mapping.Sum(each => Size(each.Value)),
        _ => 1,
    };

    static JsonNode? Value(Scalar scalar)
    {
        var text = scalar.Value;
        var isPlain = scalar.Style == ScalarStyle.Plain && (scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific);
        if (!isPlain)
        {
            return JsonValue.Create(text.Replace('\0', '\uFFFD'));
        }

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "true" or "True" or "TRUE" => JsonValue.Create(true),
            "false" or "False" or "FALSE" => JsonValue.Create(false),
            _ => Number(text) ?? JsonValue.Create(text.Replace('\0', '\uFFFD')),
        };
    }

    static JsonNode? Number(string text)
    {
        if (text.Length > 1000)
        {
            return null;
        }

        if (Integer().IsMatch(text))
        {
            return JsonNode.Parse(BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture));
        }

        if (text.StartsWith("0x", StringComparison.Ordinal) && long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, null, out var hexadecimal))
        {
            return JsonValue.Create(hexadecimal);
        }

        if (Octal().IsMatch(text))
        {
            return JsonValue.Create(Convert.ToInt64(text[2..], 8));
        }

        // .inf and .nan have no number in JSON and stay text, as does what no double can hold.
        return Float().IsMatch(text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? JsonValue.Create(value)
            : null;
    }

    static InvalidException Invalid(string message, ParsingEvent at) => new(message, at.Start.Line, at.Start.Column);

    [GeneratedRegex(@"^[-+]?[0-9]+\z")]
    private static partial Regex Integer();

    [GeneratedRegex(@"^0o[0-7]{1,20}\z")]
    private static partial Regex Octal();

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z")]
    private static partial Regex Float();
}
