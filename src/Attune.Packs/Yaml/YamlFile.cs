using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Attune.Packs.Yaml;

/// <summary>
/// Reads one YAML document into nodes that know their lines. Anchors and aliases work within a limit on what they unfold to; tags, merge
/// keys, further documents, keys that are not text and keys that come twice are refused.
/// </summary>
sealed class YamlFile
{
    public const int MaxBytes = 1 << 20;

    const int MaxDepth = 40;
    const long MaxSize = 100_000;

    readonly Parser parser;
    readonly Action<int, string> report;
    readonly Dictionary<string, YamlNode> anchors = [];

    YamlFile(TextReader text, Action<int, string> report)
    {
        parser = new(text);
        this.report = report;
    }

    /// <summary>Null after a mistake that leaves nothing to go on with; every mistake is reported with its line.</summary>
    public static YamlNode? Read(ReadOnlyMemory<byte> content, Action<int, string> report)
    {
        if (content.Length > MaxBytes)
        {
            report(0, $"is larger than {MaxBytes >> 10} KiB.");
            return null;
        }

        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(content.Span);
            return new YamlFile(new StringReader(text.TrimStart('\uFEFF')), report).Whole();
        }
        catch (DecoderFallbackException)
        {
            report(0, "is not UTF-8 text.");
        }
        catch (YamlException exception)
        {
            report((int)exception.Start.Line, $"is not valid YAML: {exception.Message}");
        }

        return null;
    }

    YamlNode? Whole()
    {
        try
        {
            return Document();
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or FormatException or OverflowException)
        {
            // Some broken texts end its scanner with something else than its own exception, which knows no place.
            report((int)(parser.Current?.End.Line ?? 0), "is not valid YAML behind this line.");
            return null;
        }
    }

    YamlNode? Document()
    {
        parser.Consume<StreamStart>();
        if (!parser.TryConsume<DocumentStart>(out _))
        {
            report(0, "is empty.");
            return null;
        }

        var root = Node(0);
        parser.Consume<DocumentEnd>();
        if (parser.Accept<DocumentStart>(out var another))
            report(Line(another), "begins a second document; one file holds one.");
        return root;
    }

    YamlNode Node(int depth)
    {
        if (depth > MaxDepth)
            throw Refuse(parser.Current!, $"is nested deeper than {MaxDepth} levels.");

        if (parser.TryConsume<AnchorAlias>(out var alias))
            return anchors.TryGetValue(alias.Value.Value, out var meant) ? meant : throw Refuse(alias, $"the anchor '{alias.Value}' is not complete here.");

        var start = parser.Consume<NodeEvent>();
        if (!start.Tag.IsEmpty && !start.Tag.IsNonSpecific)
            throw Refuse(start, $"the tag '{start.Tag}' is not known here; leave it out, and quote what must be a string.");

        YamlNode node = start switch
        {
            Scalar scalar when scalar.Value.Contains('\0') => throw Refuse(scalar, "holds a NUL character."),
            Scalar scalar => new YamlScalar(Place(scalar), scalar.Value, scalar.Style is ScalarStyle.Plain),
            SequenceStart => List(Place(start), depth),
            MappingStart => Map(Place(start), depth),
            _ => throw Refuse(start, "is not understood here."),
        };

        // Without this a few hundred bytes of aliases to aliases would stand for billions of nodes.
        if (node.Size > MaxSize)
            throw Refuse(start, $"stands for more than {MaxSize} values.");
        if (!start.Anchor.IsEmpty)
            anchors[start.Anchor.Value] = node;
        return node;
    }

    YamlList List(YamlPlace place, int depth)
    {
        var items = new List<YamlNode>();
        while (!parser.TryConsume<SequenceEnd>(out _))
            items.Add(Node(depth + 1));
        return new(place, items, 1 + items.Sum(item => item.Size));
    }

    YamlMap Map(YamlPlace place, int depth)
    {
        var entries = new List<YamlEntry>();
        var keys = new Dictionary<string, int>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out var key))
                throw Refuse(parser.Current!, "has a key that is not text.");
            if (key.Value.Contains('\0'))
                throw Refuse(key, "has a key that holds a NUL character.");
            if (key is { Value: "<<", Style: ScalarStyle.Plain })
                report(Line(key), "uses a merge key (`<<`), which YAML 1.2 does not have; repeat the fields or alias the whole value.");

            var value = Node(depth + 1);
            if (keys.TryAdd(key.Value, Line(key)))
                entries.Add(new(key.Value, Place(key), value));
            else
                report(Line(key), $"has the key '{key.Value}' a second time; the first is on line {keys[key.Value]}.");
        }

        return new(place, entries, 1 + entries.Sum(entry => entry.Value.Size));
    }

    static int Line(ParsingEvent read) => (int)read.Start.Line;

    static YamlPlace Place(ParsingEvent read) => new((int)read.Start.Line, (int)read.Start.Column);

    static YamlException Refuse(ParsingEvent at, string message) => new(at.Start, at.End, message);
}
