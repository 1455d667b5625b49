using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Attune.Cli.Parameters;

/// <summary>A JSON or YAML object, from a file or (`-`) from stdin.</summary>
static class ParameterFile
{
    public static string ReadText(string file) => file is "-" ? Console.In.ReadToEnd() : File.ReadAllText(file);

    /// <param name="file">Its path, or `-`.</param>
    /// <param name="option">Named in errors.</param>
    public static Struct Read(string file, string option = "--params") => Parse(ReadText(file), file, option);

    /// <summary>The object itself, `@FILE`, or `-` for stdin.</summary>
    public static Struct ReadInline(string text, string option) => text switch
    {
        "-" => Read(text, option),
        ['@', .. var file] => Read(file, option),
        _ => Parse(text, "what is given", option),
    };

    /// <summary>As <see cref="ReadInline"/>, and it may be a list or a text too.</summary>
    public static Value ReadInlineValue(string text, string option) => text switch
    {
        "-" => ParseValue(ReadText(text), "stdin", option),
        ['@', .. var file] => ParseValue(ReadText(file), file, option),
        _ => ParseValue(text, "what is given", option),
    };

    static Struct Parse(string text, string source, string option) => ParseValue(text, source, option) switch
    {
        { KindCase: Value.KindOneofCase.StructValue } value => value.StructValue,
        { KindCase: Value.KindOneofCase.NullValue } => new(),
        _ => throw new CommandFailure($"{option}: {source} is not a JSON or YAML object: the document is not a mapping"),
    };

    static Value ParseValue(string text, string source, string option)
    {
        try
        {
            return text.TrimStart() is ['{' or '[', ..] ? Json(text) : Yaml(text);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidProtocolBufferException or InvalidJsonException or YamlException)
        {
            throw new CommandFailure($"{option}: {source} is not a JSON or YAML object: {wrong.Message}", Hint(text));
        }
    }

    // YAML takes a bare {{ for a mapping in a mapping, and says so in words that help nobody.
    static string? Hint(string text)
        => text.Contains(": {{", StringComparison.Ordinal) ? "A text that begins with {{ needs quotes: \"{{ … }}\"." : null;

    static Value Json(string text)
    {
        // Its messages name line and column, which protobuf's do not.
        using var document = JsonDocument.Parse(text);
        return JsonParser.Default.Parse<Value>(text);
    }

    static Value Yaml(string text)
    {
        var parser = new Parser(new StringReader(text));
        parser.Consume<StreamStart>();
        if (parser.Accept<StreamEnd>(out _))
            return Value.ForNull();

        parser.Consume<DocumentStart>();
        return YamlValue.Read(parser);
    }
}
