using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Attune.Engine.Expressions;

/// <summary>Values from YAML and to YAML. Only the event parser: it needs no reflection.</summary>
static partial class ValueYaml
{
    const int DepthMax = ValueJson.DepthMax;

    public static string Text(Value value)
    {
        using var text = new StringWriter { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings().WithMaxSimpleKeyLength(1024).WithBestWidth(int.MaxValue));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Emit(emitter, value);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    /// <summary>Null where <paramref name="problem"/> says what is wrong, and on which line, but quotes nothing of it.</summary>
    public static Value? Read(string text, out string? problem)
    {
        problem = null;
        var parser = new YamlDotNet.Core.Parser(new StringReader(text));
        try
        {
            return Document(parser);
        }
        catch (RefusedException refused)
        {
            problem = $"{refused.Message} (line {refused.Start.Line}).";
        }
        catch (YamlException invalid)
        {
            problem = $"this is none (line {invalid.Start.Line}).";
        }
        catch (Exception broken) when (broken is InvalidOperationException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            // The scanner gives up on some broken texts without saying where: behind what it has read last.
            problem = $"this is none (behind line {parser.Current?.End.Line ?? 1}).";
        }

        return null;
    }

    static Value Document(IParser parser)
    {
        parser.Consume<StreamStart>();
        if (parser.TryConsume<StreamEnd>(out _))
            return Value.Null;

        parser.Consume<DocumentStart>();
        var value = Node(parser, 1);
        parser.Consume<DocumentEnd>();
        return parser.Accept<DocumentStart>(out var second) ? throw new RefusedException(second, "there is a second one") : value;
    }

    static Value Node(IParser parser, int depth)
    {
        var node = parser.Consume<ParsingEvent>();
        if (depth > DepthMax)
            throw new RefusedException(node, $"this is nested deeper than {DepthMax} levels");
        if (node is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
            throw new RefusedException(node, "anchors and aliases are refused");
        if (node is NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } })
            throw new RefusedException(node, "tags are refused");

        switch (node)
        {
            case Scalar scalar:
                return Of(scalar);
            case SequenceStart:
                var items = new List<Value>();
                while (!parser.TryConsume<SequenceEnd>(out _))
                    items.Add(Node(parser, depth + 1));
                return Value.Of(new ValueList([.. items]));
            case MappingStart:
                return Mapping(parser, depth);
            default:
                throw new RefusedException(node, "a value is expected");
        }
    }

    static Value Mapping(IParser parser, int depth)
    {
        var members = new List<KeyValuePair<string, Value>>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out var name) || !name.Anchor.IsEmpty)
                throw new RefusedException(parser.Current!, "a name must be plain text");
            if (!known.Add(name.Value))
                throw new RefusedException(name, "a name comes twice");
            members.Add(new(Characters.Sound(name.Value), Node(parser, depth + 1)));
        }

        return Value.Of(ValueMap.Of(members));
    }

    static Value Of(Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style is not ScalarStyle.Plain)
            return Value.Of(Characters.Sound(text));

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => Value.Null,
            "true" or "True" or "TRUE" => Value.Of(true),
            "false" or "False" or "FALSE" => Value.Of(false),
            _ => Number(text) ?? Value.Of(Characters.Sound(text)),
        };
    }

    // .inf and .nan have no number in JSON and stay text, as does what no double can hold.
    static Value? Number(string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return Value.Of(whole);

        return Float().IsMatch(text)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number)
            ? Value.Of(number)
            : null;
    }

    static void Emit(Emitter emitter, Value value)
    {
        switch (value.Kind)
        {
            case ValueKind.Map:
                var mappingStyle = value.Members.Count == 0 ? MappingStyle.Flow : MappingStyle.Block;
                emitter.Emit(new MappingStart(null, null, isImplicit: true, mappingStyle));
                foreach (var (name, member) in value.Members.Span)
                {
                    emitter.Emit(Scalar(name, isName: true));
                    Emit(emitter, member);
                }

                emitter.Emit(new MappingEnd());
                break;
            case ValueKind.List:
                var listStyle = value.Items.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block;
                emitter.Emit(new SequenceStart(null, null, isImplicit: true, listStyle));
                foreach (var item in value.Items.Span)
                    Emit(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case ValueKind.String:
                emitter.Emit(Scalar(value.AsString(), isName: false));
                break;
            default:
                emitter.Emit(new Scalar(null, null, ValueJson.Text(value, false), ScalarStyle.Plain, true, false));
                break;
        }
    }

    static Scalar Scalar(string text, bool isName)
    {
        var style = IsPlain(text) ? ScalarStyle.Plain
            : !isName && IsBlock(text) ? ScalarStyle.Literal
            : ScalarStyle.DoubleQuoted;
        return new(null, null, text, style, true, true);
    }

    // Only what no reader of YAML 1.1 or 1.2 takes for anything but text: `no`, `1e3`, `2026-01-01` and `12:30` are not.
    static bool IsPlain(string text)
        => text.Length > 0
            && char.IsAsciiLetter(text[0])
            && text.All(each => char.IsAsciiLetterOrDigit(each) || each is '_' or '-' or '.' or '/')
            && text.ToLowerInvariant() is not ("y" or "n" or "yes" or "no" or "on" or "off" or "true" or "false" or "null");

    static bool IsBlock(string text)
        => text.Contains('\n') && !char.IsWhiteSpace(text[0]) && text.All(each => each is '\n' || (each >= ' ' && each < '\u007f'));

    sealed class RefusedException(ParsingEvent at, string message) : YamlException(at.Start, at.End, message);

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z")]
    private static partial Regex Float();

}
