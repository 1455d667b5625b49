using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Attune.Cli.Output;

/// <summary>The same document as YAML.</summary>
static class YamlText
{
    public static string OfJson(string json)
    {
        using var document = JsonDocument.Parse(json);
        using var text = new StringWriter();
        var emitter = new Emitter(text, new EmitterSettings().WithMaxSimpleKeyLength(1024).WithBestWidth(int.MaxValue));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        Emit(emitter, document.RootElement);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString().TrimEnd();
    }

    static void Emit(Emitter emitter, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                emitter.Emit(new MappingStart(null, null, isImplicit: true, MappingStyle.Any));
                foreach (var member in value.EnumerateObject())
                {
                    emitter.Emit(Text(member.Name));
                    Emit(emitter, member.Value);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonValueKind.Array:
                emitter.Emit(new SequenceStart(null, null, isImplicit: true, SequenceStyle.Any));
                foreach (var item in value.EnumerateArray())
                    Emit(emitter, item);
                emitter.Emit(new SequenceEnd());
                break;
            case JsonValueKind.String:
                emitter.Emit(Text(value.GetString()!));
                break;
            default:
                emitter.Emit(new Scalar(null, null, value.GetRawText(), ScalarStyle.Plain, true, false));
                break;
        }
    }

    static Scalar Text(string text)
        => new(null, null, text, IsPlain(text) ? ScalarStyle.Plain : text.Contains('\n') ? ScalarStyle.Literal : ScalarStyle.DoubleQuoted, true, true);

    // Only what no reader of YAML 1.1 or 1.2 takes for anything but text: `no`, `1e3`, `2026-01-01` and `12:30` are not.
    static bool IsPlain(string text)
        => text.Length > 0
            && char.IsAsciiLetter(text[0])
            && text.All(each => char.IsAsciiLetterOrDigit(each) || each is '_' or '-' or '.' or '/')
            && text.ToLowerInvariant() is not ("y" or "n" or "yes" or "no" or "on" or "off" or "true" or "false" or "null");
}
