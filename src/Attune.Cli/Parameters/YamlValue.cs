using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Attune.Cli.Parameters;

/// <summary>YAML 1.2's core schema as JSON values. Anchors are refused: parameters are small, and an alias bomb is not.</summary>
static class YamlValue
{
    public static Value Read(IParser parser)
    {
        if (parser.TryConsume<Scalar>(out var scalar))
            return Of(scalar);

        if (parser.TryConsume<SequenceStart>(out _))
        {
            var list = new ListValue();
            while (!parser.TryConsume<SequenceEnd>(out _))
                list.Values.Add(Read(parser));
            return new() { ListValue = list };
        }

        if (parser.TryConsume<MappingStart>(out _))
        {
            var fields = new Struct();
            while (!parser.TryConsume<MappingEnd>(out _))
                fields.Fields[parser.Consume<Scalar>().Value] = Read(parser);
            return Value.ForStruct(fields);
        }

        var found = parser.Current;
        throw new YamlException(found?.Start ?? Mark.Empty, found?.End ?? Mark.Empty, "anchors and aliases are not allowed here");
    }

    static Value Of(Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style is not ScalarStyle.Plain)
            return Value.ForString(text);

        return text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => Value.ForNull(),
            "true" or "True" or "TRUE" => Value.ForBool(true),
            "false" or "False" or "FALSE" => Value.ForBool(false),
            _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
                && (char.IsAsciiDigit(text[0]) || text[0] is '-' or '+' or '.') => Value.ForNumber(number),
            _ => Value.ForString(text),
        };
    }
}
