using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Attune.Server.Hosting;
using Npgsql;
using static Attune.Server.Webhooks.WebhookAnswer;

namespace Attune.Server.Webhooks;

/// <summary>The edge: `POST /webhooks/{key}`. Neither the body nor a secret is ever in an answer or in the log.</summary>
sealed partial class WebhookHttp(ReceiveWebhook receive, IHostApplicationLifetime lifetime, ILogger<WebhookHttp> logger)
{
    static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    public async Task AnswerAsync(HttpContext context)
    {
        WebhookAnswer answer;
        try
        {
            answer = await receive.RunAsync(context, (string)context.Request.RouteValues["key"]!);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception exception)
        {
            answer = Explain(exception);
        }

        await WriteAsync(context, answer);
    }

    static async Task WriteAsync(HttpContext context, WebhookAnswer answer)
    {
        switch (answer)
        {
            case Accepted { Event: var stored }:
                await HttpAnswer.WriteAsync(context, StatusCodes.Status202Accepted, writer =>
                {
                    writer.WriteNumber("event_id", stored.Id);
                    writer.WriteBoolean("duplicate", stored.IsDuplicate);
                });
                break;
            case Challenge { Text: var text }:
                await HttpAnswer.WriteAsync(context, StatusCodes.Status200OK, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));
                break;
            case Refused refused:
                if (refused.RetryAfter is { } wait)
                    context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
                if (refused.Status is StatusCodes.Status405MethodNotAllowed)
                    context.Response.Headers.Allow = "POST";
                await HttpAnswer.FailAsync(context, refused.Status, refused.Reason, refused.Message, refused.Violations);
                break;
        }
    }

    Refused Explain(Exception exception)
    {
        switch (exception)
        {
            case OperationCanceledException or ChannelClosedException when lifetime.ApplicationStopping.IsCancellationRequested:
                return Later("SERVER_STOPPING", "The server is stopping. Try again.");
            case NpgsqlException { IsTransient: true }:
                LogTransient(exception);
                return Later("DATABASE_UNAVAILABLE", "The database is busy or away. Try again.");
            default:
                var correlationId = RandomNumberGenerator.GetHexString(16, lowercase: true);
                LogUnexpected(correlationId, exception);
                return new(
                    StatusCodes.Status500InternalServerError, "INTERNAL",
                    $"Internal error. The server's log has more under correlation id {correlationId}.");
        }
    }

    static Refused Later(string reason, string message)
        => new(StatusCodes.Status503ServiceUnavailable, reason, message) { RetryAfter = RetryAfter };

    [LoggerMessage(Level = LogLevel.Warning, Message = "A webhook met a database that is busy or away; its sender was told to try again")]
    partial void LogTransient(Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "A webhook failed unexpectedly; its sender got correlation id {CorrelationId}")]
    partial void LogUnexpected(string correlationId, Exception exception);
}
