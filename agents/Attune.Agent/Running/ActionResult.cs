using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Attune.V1;

namespace Attune.Agent.Running;

/// <summary>Stdout did not hold what the action declares. <paramref name="Reason"/> is OUTPUT_INVALID or OUTPUT_TOO_LARGE.</summary>
sealed record OutputFault(string Reason, string Message);

/// <summary>What stdout says, as JSON that PostgreSQL's jsonb and a protobuf Value both can hold: no NUL, no lone surrogate, no number out of range.</summary>
static class ActionResult
{
    /// <summary>A level of JSON takes three of protobuf's hundred.</summary>
    public const int DepthMax = 30;

    static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <returns>Empty bytes: there is no result.</returns>
    public static (byte[] Json, OutputFault? Fault) Read(ReadOnlyMemory<byte> stdout, long length, OutputFormat format, Masker masker)
    {
        if (format is OutputFormat.Text or OutputFormat.Unspecified)
        {
            return (Text(stdout.Span, length, masker), null);
        }

        if (length > stdout.Length)
        {
            return ([], new OutputFault(
                "OUTPUT_TOO_LARGE", $"The action wrote {length} bytes to stdout; a result may have {RunOutput.ResultMax}. Write less, or write a file."));
        }

        var bytes = Clean(stdout.Span);
        return format switch
        {
            OutputFormat.Jsonl => JsonLines(bytes, masker),
            OutputFormat.Yaml => Yaml(bytes, masker),
            _ => Json(bytes, masker),
        };
    }

    static byte[] Text(ReadOnlySpan<byte> stdout, long length, Masker masker)
    {
        var masked = new ArrayBufferWriter<byte>(stdout.Length + 1);
        var stream = new MaskedStream(masker);
        stream.Write(stdout, masked);
        var isCut = length > stdout.Length;
        if (isCut)
        {
            stream.Cut();
        }
        else
        {
            stream.Complete(masked);
        }

        var text = Encoding.UTF8.GetString(masked.WrittenSpan).Replace('\0', '\uFFFD');
        text = isCut ? $"{text}\n[output truncated: {length} bytes in all]"
            : text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2]
            : text.EndsWith('\n') ? text[..^1]
            : text;
        return Written(writer => writer.WriteStringValue(text));
    }

    static (byte[] Json, OutputFault? Fault) Json(byte[] bytes, Masker masker)
    {
        var text = bytes.AsSpan().Trim(" \t\r\n"u8);
        if (text.IsEmpty)
        {
            return ([], new OutputFault("OUTPUT_INVALID", "The action is to answer with JSON and wrote nothing to stdout."));
        }

        return Check(bytes) is { } wrong
            ? ([], Invalid("JSON", bytes, wrong.Line, wrong.Column, wrong.Message, masker))
            : (masker.IsEmpty ? text.ToArray() : Masked(text, masker), null);
    }

    static (byte[] Json, OutputFault? Fault) JsonLines(byte[] bytes, Masker masker)
    {
        var json = new ArrayBufferWriter<byte>(bytes.Length + 2);
        json.Write("["u8);
        var line = 0;
        for (var rest = bytes.AsMemory(); !rest.IsEmpty;)
        {
            line++;
            var end = rest.Span.IndexOf((byte)'\n');
            var each = (end < 0 ? rest : rest[..end]).Trim(" \t\r"u8);
            rest = end < 0 ? default : rest[(end + 1)..];
            if (each.IsEmpty)
            {
                continue;
            }

            if (Check(each.Span) is { } wrong)
            {
                return ([], Invalid("JSON lines", each.Span, line, wrong.Column, wrong.Message, masker, isOneLine: true));
            }

            json.Write(json.WrittenCount > 1 ? ","u8 : []);
            json.Write(masker.IsEmpty ? each.Span : Masked(each.Span, masker));
        }

        json.Write("]"u8);
        return (json.WrittenSpan.ToArray(), null);
    }

    static (byte[] Json, OutputFault? Fault) Yaml(byte[] bytes, Masker masker)
    {
        try
        {
            var json = YamlResult.ToJson(Encoding.UTF8.GetString(bytes), DepthMax, RunOutput.ResultMax);
            if (json.Length > 0 && Check(json) is { } wrong)
            {
                return ([], new OutputFault("OUTPUT_INVALID", $"Stdout is YAML that cannot be kept: {wrong.Message}"));
            }

            return (json.Length == 0 || masker.IsEmpty ? json : Masked(json, masker), null);
        }
        catch (YamlResult.InvalidException invalid)
        {
            return ([], Invalid("YAML", bytes, invalid.Line, invalid.Column, invalid.Message, masker));
        }
    }

    static OutputFault Invalid(
        string format, ReadOnlySpan<byte> bytes, long line, long column, string message, Masker masker, bool isOneLine = false)
    {
        var lines = Encoding.UTF8.GetString(bytes).Split('\n');
        var text = lines[isOneLine ? 0 : Math.Clamp(line - 1, 0, lines.Length - 1)].TrimEnd('\r');

        // Masked whole, then cut: the other way round half a secret could stay.
        var masked = masker.Apply(text);
        var from = (int)Math.Clamp(column - 40, 0, Math.Max(0, masked.Length - 80));
        var snippet = masked.Substring(from, Math.Min(80, masked.Length - from));
        return new OutputFault("OUTPUT_INVALID", $"Stdout is not {format}: line {line}, column {column}: {masker.Apply(message)} Near: {snippet}".Replace('\0', '\uFFFD'));
    }

    // Line and column count from 1, the column in bytes.
    static (long Line, long Column, string Message)? Check(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = DepthMax });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.Number && !IsInRange(reader.ValueSpan, ref reader))
                {
                    var before = json[..(int)reader.TokenStartIndex];
                    return (before.Count((byte)'\n') + 1, before.Length - before.LastIndexOf((byte)'\n'), "The number is out of range.");
                }
            }

            return null;
        }
        catch (JsonException invalid)
        {
            var message = invalid.Message;
            var end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            return ((invalid.LineNumber ?? 0) + 1, (invalid.BytePositionInLine ?? 0) + 1, end > 0 ? message[..end] : message);
        }
    }

    public static bool IsInRange(ReadOnlySpan<byte> number, ref Utf8JsonReader reader)
        => number.Length <= 1000 && reader.TryGetDouble(out var value) && double.IsFinite(value)
            && (value != 0 || number.IndexOfAny("eE"u8) < 0 || number.IndexOfAnyInRange((byte)'1', (byte)'9') > number.IndexOfAny("eE"u8));

    static byte[] Masked(ReadOnlySpan<byte> json, Masker masker)
    {
        var buffer = new ArrayBufferWriter<byte>(json.Length);
        using var writer = new Utf8JsonWriter(buffer, Compact);
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    writer.WritePropertyName(masker.Apply(reader.GetString()!));
                    break;
                case JsonTokenType.String:
                    writer.WriteStringValue(masker.Apply(reader.GetString()!));
                    break;
                case JsonTokenType.Number:
                    var number = Encoding.ASCII.GetString(reader.ValueSpan);
                    var masked = masker.Apply(number);
                    if (masked == number)
                    {
                        writer.WriteRawValue(number, skipInputValidation: true);
                    }
                    else
                    {
                        writer.WriteStringValue(masked);
                    }

                    break;
                case JsonTokenType.StartObject:
                    writer.WriteStartObject();
                    break;
                case JsonTokenType.EndObject:
                    writer.WriteEndObject();
                    break;
                case JsonTokenType.StartArray:
                    writer.WriteStartArray();
                    break;
                case JsonTokenType.EndArray:
                    writer.WriteEndArray();
                    break;
                case JsonTokenType.Null:
                    writer.WriteNullValue();
                    break;
                default:
                    writer.WriteBooleanValue(reader.TokenType == JsonTokenType.True);
                    break;
            }
        }

        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    static byte[] Clean(ReadOnlySpan<byte> stdout)
    {
        var bytes = stdout.StartsWith("\uFEFF"u8) ? stdout[3..] : stdout;
        var clean = System.Text.Unicode.Utf8.IsValid(bytes) ? bytes.ToArray() : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes));
        JsonEscapes.Repair(clean);
        return clean;
    }

    static byte[] Written(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, Compact);
        write(writer);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
