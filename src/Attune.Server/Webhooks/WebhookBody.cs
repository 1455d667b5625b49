using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using static Attune.Server.Webhooks.WebhookAnswer;

namespace Attune.Server.Webhooks;

/// <summary>
/// What a sender sent, as a JSON value: JSON as it is, a form as an object of texts (a list where a name comes again), everything else as
/// text, or in base64 where its bytes are no text. Nothing at all is null.
/// </summary>
sealed record WebhookBody
{
    const int FormFieldsMax = 1024;
    const string FormType = "application/x-www-form-urlencoded";

    // The payload around it is one level more, and readers stop at 64.
    static readonly JsonDocumentOptions Reading = new() { AllowDuplicateProperties = false, MaxDepth = 28 };
    static readonly Encoding StrictUtf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Media type without parameters, lower case; empty where the sender named none.</summary>
    public required string ContentType { get; init; }

    /// <summary>Valid JSON, UTF-8.</summary>
    public required ReadOnlyMemory<byte> Json { get; init; }

    /// <summary>Null and <paramref name="refusal"/> where the bytes are not what the sender says they are.</summary>
    /// <param name="hasPayloadField">A form whose field `payload` holds JSON stands for that JSON, as GitHub's and Slack's do.</param>
    public static WebhookBody? Read(string? contentType, ReadOnlyMemory<byte> bytes, bool hasPayloadField, out Refused? refusal)
    {
        refusal = null;
        MediaTypeHeaderValue? type = null;
        if (!string.IsNullOrEmpty(contentType) && !MediaTypeHeaderValue.TryParse(contentType, out type))
            refusal = new(StatusCodes.Status415UnsupportedMediaType, "CONTENT_TYPE_INVALID", "The Content-Type cannot be read.");
        else if (EncodingOf(type) is not { } encoding)
            refusal = new(StatusCodes.Status415UnsupportedMediaType, "CHARSET_UNSUPPORTED", "The charset of the Content-Type is not known here.");
        else
            return Read(type, encoding, bytes, hasPayloadField, out refusal);
        return null;
    }

    /// <summary>A text at the top of an object; null where there is none.</summary>
    public string? TextAt(string name)
    {
        using var document = JsonDocument.Parse(Json, Reading);
        return document.RootElement.ValueKind is JsonValueKind.Object
            && document.RootElement.TryGetProperty(name, out var value)
            && value.ValueKind is JsonValueKind.String
            ? value.GetString()
            : null;
    }

    static WebhookBody? Read(MediaTypeHeaderValue? type, Encoding encoding, ReadOnlyMemory<byte> bytes, bool hasPayloadField, out Refused? refusal)
    {
        var name = type?.MediaType.ToString().ToLowerInvariant() ?? "";
        var isJson = name is "application/json" or "text/json" || name.EndsWith("+json", StringComparison.Ordinal);
        refusal = null;
        try
        {
            return new()
            {
                ContentType = name,
                Json = bytes.Length == 0 ? "null"u8.ToArray()
                    : isJson ? Checked(WithoutMark(encoding is UTF8Encoding ? bytes : Encoding.UTF8.GetBytes(encoding.GetString(bytes.Span))))
                    : name is FormType ? ReadForm(bytes, hasPayloadField)
                    : ReadText(bytes, encoding, isText: name.StartsWith("text/", StringComparison.Ordinal)),
            };
        }
        catch (JsonException)
        {
            // Its message would quote the body.
            refusal = new(StatusCodes.Status400BadRequest, "BODY_INVALID", "The body is not valid JSON in UTF-8, names a field twice, or is too deep.");
        }
        catch (InvalidDataException)
        {
            refusal = new(StatusCodes.Status400BadRequest, "BODY_INVALID", $"The form has more than {FormFieldsMax} fields.");
        }
        catch (DecoderFallbackException)
        {
            refusal = new(StatusCodes.Status400BadRequest, "BODY_INVALID", $"The body is not {encoding.WebName} text.");
        }

        return null;
    }

    static ReadOnlyMemory<byte> ReadForm(ReadOnlyMemory<byte> bytes, bool hasPayloadField)
    {
        using var reader = new FormReader(StrictUtf8.GetString(bytes.Span))
        {
            ValueCountLimit = FormFieldsMax,
            KeyLengthLimit = int.MaxValue,
            ValueLengthLimit = int.MaxValue,
        };
        var form = reader.ReadForm();
        if (hasPayloadField && form.TryGetValue("payload", out var payload) && payload is [{ } json])
            return Checked(Encoding.UTF8.GetBytes(json));

        return WebhookPayload.Written(writer =>
        {
            writer.WriteStartObject();
            foreach (var (name, values) in form)
                WebhookPayload.WriteValues(writer, name, values);
            writer.WriteEndObject();
        });
    }

    static ReadOnlyMemory<byte> ReadText(ReadOnlyMemory<byte> bytes, Encoding encoding, bool isText)
    {
        string text;
        try
        {
            text = encoding.GetString(WithoutMark(bytes).Span);
        }
        catch (DecoderFallbackException) when (!isText)
        {
            text = Convert.ToBase64String(bytes.Span);
        }

        return WebhookPayload.Written(writer => writer.WriteStringValue(text));
    }

    static ReadOnlyMemory<byte> Checked(ReadOnlyMemory<byte> json)
    {
        // The parser looks into strings only when they are asked for.
        if (!Utf8.IsValid(json.Span))
            throw new JsonException("It is not UTF-8.");
        using var document = JsonDocument.Parse(json, Reading);
        return json;
    }

    static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> bytes)
        => bytes.Span.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;

    // Null: a charset that is not known. Bytes that do not fit the encoding throw.
    static Encoding? EncodingOf(MediaTypeHeaderValue? type)
    {
        var charset = HeaderUtilities.RemoveQuotes(type?.Charset ?? default).ToString();
        if (charset is "" || charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            return StrictUtf8;

        try
        {
            return Encoding.GetEncoding(charset, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
