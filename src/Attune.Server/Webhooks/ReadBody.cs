using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using static Attune.Server.Webhooks.WebhookAnswer;

namespace Attune.Server.Webhooks;

/// <summary>The raw bytes of a request, counted while they come, whether or not the sender said how many there are.</summary>
static class ReadBody
{
    /// <summary>Of what is not for any open webhook: read and thrown away, so that the sender hears the answer.</summary>
    const int UnwantedBytesMax = 64 * 1024;

    /// <summary>A body that trickles in holds a connection and memory, so it must be there by then.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static void ExpectLittle(HttpContext context) => Limit(context, UnwantedBytesMax);

    /// <summary>Null and <paramref name="limitBytes"/>, or time, was passed: the rest is not read.</summary>
    public static async Task<(ReadOnlyMemory<byte> Bytes, Refused? Refusal)> RunAsync(
        HttpContext context, int limitBytes, TimeProvider clock, CancellationToken ct)
    {
        Limit(context, limitBytes);
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        var bytes = new ArrayBufferWriter<byte>(Math.Clamp((int)Math.Min(context.Request.ContentLength ?? 0, limitBytes), 1024, 64 * 1024));
        try
        {
            while (true)
            {
                var read = await context.Request.BodyReader.ReadAsync(either.Token);
                foreach (var segment in read.Buffer)
                    bytes.Write(segment.Span);
                context.Request.BodyReader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    return (bytes.WrittenMemory, null);
            }
        }
        catch (BadHttpRequestException exception)
        {
            return (default, exception.StatusCode is StatusCodes.Status413PayloadTooLarge
                ? new(exception.StatusCode, "PAYLOAD_TOO_LARGE", $"The body is larger than the {limitBytes / 1024} KiB that this webhook takes.")
                : new(exception.StatusCode, "BODY_UNREADABLE", "The body breaks the rules of HTTP, or ended early."));
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            return (default, new(StatusCodes.Status408RequestTimeout, "BODY_TIMEOUT", $"The body was not there within {Patience.TotalSeconds} s."));
        }
    }

    // Kestrel counts by it, ends the reading with 413 and closes the connection.
    static void Limit(HttpContext context, int limitBytes)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = limitBytes;
    }
}
