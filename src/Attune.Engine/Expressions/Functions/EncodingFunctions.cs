using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using static Attune.Engine.Expressions.Functions.Parameter;

namespace Attune.Engine.Expressions.Functions;

static class EncodingFunctions
{
    static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static IReadOnlyList<Function> All { get; } =
    [
        new("to_json", [Any("value"), new Parameter("indented", Kinds.Bool).Optional()],
            "The value as a JSON text; indented by two spaces where asked for.",
            ToJson)
            { Examples = [("to_json({a: [1, 'b']})", "\"{\\\"a\\\":[1,\\\"b\\\"]}\"")] },
        new("from_json", [Text("text")], "The value that a JSON text stands for.", FromJson)
            { Examples = [("from_json('{\"a\": [1, 2.5]}').a", "[1,2.5]")] },
        new("to_yaml", [Any("value")], "The value as a YAML text.", ToYaml)
            { Examples = [("to_yaml({a: [1, 'b']})", "\"a:\\n- 1\\n- b\\n\"")] },
        new("from_yaml", [Text("text")],
            "The value that a YAML text stands for, by YAML 1.2's core schema: `no` is a string. Anchors, aliases and tags "
            + "are refused.",
            FromYaml)
            { Examples = [("from_yaml('a: [1, no]')", "{\"a\":[1,\"no\"]}")] },
        new("base64", [Text("text")], "Base64 of the text in UTF-8.", (ref e, call) =>
            {
                e.Charge(call.Position, call.Text(0).Length);
                return e.Made(call.Position, Convert.ToBase64String(Encoding.UTF8.GetBytes(call.Text(0))));
            })
            { Examples = [("base64('hello')", "\"aGVsbG8=\"")] },
        new("base64_decode", [Text("text")],
            "The text whose UTF-8 is encoded so; an error where it is no text.",
            FromBase64)
            { Examples = [("base64_decode('aGVsbG8=')", "\"hello\"")] },
        new("url_encode", [Text("text")],
            "As one part of a URL: everything but letters, digits and `-._~` as `%XX` of its UTF-8.",
            (ref e, call) =>
            {
                e.Charge(call.Position, 3L * call.Text(0).Length);
                return e.Made(call.Position, Uri.EscapeDataString(call.Text(0)));
            })
            { Examples = [("url_encode('a b/ü')", "\"a%20b%2F%C3%BC\"")] },
        new("url_decode", [Text("text")],
            "The text that is encoded so. A `+` stays a `+`.",
            (ref e, call) => e.Made(call.Position, Characters.Sound(Uri.UnescapeDataString(call.Text(0)))))
            { Examples = [("url_decode('a%20b%2F%C3%BC')", "\"a b/ü\"")] },
        new("sha256", [Text("text")], "SHA-256 of the text's UTF-8, in lower-case hexadecimal digits.", Sha256)
            {
                Examples =
                [
                    ("sha256('hello')", "\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\""),
                ],
            },
    ];

    static Value ToJson(ref Evaluation evaluation, Call call)
    {
        evaluation.Charge(call.Position, call[0].Weight);
        return evaluation.Made(call.Position, ValueJson.Text(call[0], call.Has(1) && call[1].AsBool()));
    }

    static Value FromJson(ref Evaluation evaluation, Call call)
    {
        var text = call.Text(0);
        evaluation.Charge(call.Position, text.Length);
        evaluation.Work(call.Position, 2L * text.Length);
        try
        {
            return Value.FromJson(Encoding.UTF8.GetBytes(text));
        }
        catch (JsonException exception)
        {
            // The library's message would quote the text.
            var where = exception.LineNumber is { } line ? $" (line {line + 1}, byte {exception.BytePositionInLine + 1})" : "";
            throw evaluation.Fail(call.PositionOf(0), $"from_json() needs a JSON text of at most {ValueJson.DepthMax} levels: this is none{where}.");
        }
    }

    static Value ToYaml(ref Evaluation evaluation, Call call)
    {
        evaluation.Charge(call.Position, call[0].Weight);
        evaluation.Work(call.Position, 16 * call[0].Weight);
        return evaluation.Made(call.Position, ValueYaml.Text(call[0]));
    }

    static Value FromYaml(ref Evaluation evaluation, Call call)
    {
        var text = call.Text(0);
        evaluation.Charge(call.Position, text.Length);
        evaluation.Work(call.Position, 16L * text.Length);
        return ValueYaml.Read(text, out var problem) is { } value
            ? value
            : throw evaluation.Fail(call.PositionOf(0), $"from_yaml() needs one YAML document: {problem}");
    }

    static Value FromBase64(ref Evaluation evaluation, Call call)
    {
        var text = call.Text(0);
        evaluation.Charge(call.Position, text.Length);
        var bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var length))
            throw evaluation.Fail(call.PositionOf(0), "base64_decode() needs a Base64 text: this is none.");

        try
        {
            return evaluation.Made(call.Position, Strict.GetString(bytes, 0, length));
        }
        catch (DecoderFallbackException)
        {
            throw evaluation.Fail(call.PositionOf(0), "base64_decode() gives texts, and these bytes are no UTF-8.");
        }
    }

    static Value Sha256(ref Evaluation evaluation, Call call)
    {
        evaluation.Work(call.Position, call[0].Weight);
        return evaluation.Made(call.Position, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(call.Text(0)))));
    }
}
