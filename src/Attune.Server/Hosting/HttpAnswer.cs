using System.Buffers;
using System.Text.Json;

namespace Attune.Server.Hosting;

/// <summary>Answers of the port for plain HTTP: JSON, failures always in the same shape.</summary>
static class HttpAnswer
{
    public const string Json = "application/json";

    public static Task FailAsync(HttpContext context, int status, string reason, string message, IReadOnlyList<Violation>? violations = null)
        => WriteAsync(context, status, writer =>
        {
            writer.WriteStartObject("error");
            writer.WriteString("reason", reason);
            writer.WriteString("message", message);
            if (violations is { Count: > 0 })
            {
                writer.WriteStartArray("violations");
                foreach (var violation in violations)
                {
                    writer.WriteStartObject();
                    writer.WriteString("field", violation.Field);
                    writer.WriteString("description", violation.Description);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        });

    /// <param name="fields">Writes the fields of one object.</param>
    public static async Task WriteAsync(HttpContext context, int status, Action<Utf8JsonWriter> fields)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        await using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            fields(writer);
            writer.WriteEndObject();
        }

        await WriteAsync(context, status, Json, buffer.WrittenMemory);
    }

    public static async Task WriteAsync(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        var response = context.Response;
        (response.StatusCode, response.ContentType, response.ContentLength) = (status, contentType, body.Length);
        await response.Body.WriteAsync(body, context.RequestAborted);
    }
}
