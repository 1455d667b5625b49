using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Attune.Cli.Parameters;

/// <summary>`--params FILE`: a JSON or YAML object, from a file or (`-`) from stdin.</summary>
static class ParameterFile
{
    public static string ReadText(string file) => file is "-" ? Console.In.ReadToEnd() : File.ReadAllText(file);

    public static Struct Read(string file)
    {
        var text = ReadText(file);
        try
        {
            return text.TrimStart().StartsWith('{') ? Json(text) : Yaml(text);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidProtocolBufferException or InvalidJsonException or YamlException)
        {
            throw new CommandFailure($"--params: {file} is not a JSON or YAML object: {wrong.Message}");
        }
    }

    static Struct Json(string text)
    {
        // Its messages name line and column, which protobuf's do not.
        using var document = JsonDocument.Parse(text);
        return JsonParser.Default.Parse<Struct>(text);
    }

    static Struct Yaml(string text)
    {
        var parser = new Parser(new StringReader(text));
        parser.Consume<StreamStart>();
        if (parser.Accept<StreamEnd>(out _))
            return new();

        parser.Consume<DocumentStart>();
        return YamlValue.Read(parser) is { KindCase: Value.KindOneofCase.StructValue } value
            ? value.StructValue
            : throw new YamlException("the document is not a mapping");
    }
}
