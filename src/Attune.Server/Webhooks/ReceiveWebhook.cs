using System.Net;
using Attune.Server.Events;
using Attune.Server.Hosting;
using Attune.V1;
using Microsoft.Extensions.Primitives;
using static Attune.Server.Webhooks.WebhookAnswer;

namespace Attune.Server.Webhooks;

/// <summary>
/// A delivery becomes an event, unless a check says no. In this order, from the cheapest to refuse to the dearest: key, enabled, size while
/// reading, address, signature, rate.
/// </summary>
sealed class ReceiveWebhook(WebhookCatalog catalog, ClientAddress client, RecordEvents events, TimeProvider clock)
{
    public async Task<WebhookAnswer> RunAsync(HttpContext context, string key)
    {
        var ct = context.RequestAborted;
        ReadBody.ExpectLittle(context);
        if (await catalog.FindAsync(key, ct) is not { } webhook)
            return new Refused(StatusCodes.Status404NotFound, "WEBHOOK_NOT_FOUND", "There is no webhook at this address.");
        if (!HttpMethods.IsPost(context.Request.Method))
            return new Refused(StatusCodes.Status405MethodNotAllowed, "METHOD_NOT_ALLOWED", "A webhook takes POST only.");
        if (FindClosed(webhook) is { } closed)
            return closed;
        if (!IsPlain(context.Request.Headers.ContentEncoding))
            return new Refused(StatusCodes.Status415UnsupportedMediaType, "CONTENT_ENCODING_UNSUPPORTED", "Send the body uncompressed.");

        var (bytes, unread) = await ReadBody.RunAsync(context, webhook.PayloadLimitBytes, clock, ct);
        if ((unread ?? CheckSender(context, webhook, bytes.Span)) is { } refused)
            return refused;

        var body = WebhookBody.Read(context.Request.ContentType, bytes, HasPayloadField(context.Request, webhook), out var unreadable);
        if (body is null)
            return unreadable!;
        if (webhook.Signature?.Style is "slack" && body.TextAt("type") is "url_verification" && body.TextAt("challenge") is { } challenge)
            return new Challenge(challenge);
        return await RecordAsync(context.Request, webhook, body, ct);
    }

    Refused? CheckSender(HttpContext context, Webhook webhook, ReadOnlySpan<byte> body)
    {
        if (webhook.AllowedFrom.Count > 0 && !IsAllowed(webhook, client.Of(context)))
            return new(StatusCodes.Status403Forbidden, "ADDRESS_NOT_ALLOWED", "This webhook does not take requests from your address.");

        if (webhook.Signature is { } signature)
        {
            var wrong = signature.Check(context.Request.Headers, body, clock.GetUtcNow()) switch
            {
                SignatureVerdict.Good => null,
                SignatureVerdict.Missing => new Refused(
                    StatusCodes.Status401Unauthorized, "SIGNATURE_MISSING", $"The body must be signed, in the header {signature.Header}."),
                SignatureVerdict.Stale => new Refused(
                    StatusCodes.Status401Unauthorized, "SIGNATURE_STALE",
                    $"The signature's time is more than {SignatureScheme.Tolerance.TotalMinutes} minutes from now."),
                _ => new Refused(
                    StatusCodes.Status401Unauthorized, "SIGNATURE_INVALID", "The signature does not fit the body and the secret of this webhook."),
            };
            if (wrong is not null)
                return wrong;
        }

        if (webhook.Rate is not { } rate || webhook.Accepted.TryEnter(rate.Requests, rate.Window, clock) is not { } wait)
            return null;

        var limit = $"This webhook takes {rate.Requests} requests in {rate.Window.TotalSeconds} s.";
        return new(StatusCodes.Status429TooManyRequests, "RATE_LIMITED", limit) { RetryAfter = wait };
    }

    async Task<WebhookAnswer> RecordAsync(HttpRequest request, Webhook webhook, WebhookBody body, CancellationToken ct)
    {
        var payload = WebhookPayload.Write(request, body, webhook.HiddenHeaders);
        if (WebhookPayload.FindUnstorable(payload) is { Count: > 0 } problems)
            return new Refused(StatusCodes.Status400BadRequest, "BODY_INVALID", "The request holds what cannot be stored.")
            {
                Violations = [.. problems.Select(problem => new Violation(problem.PathUnder("payload"), problem.Message))],
            };

        var prepared = await events.PrepareAsync(
            new()
            {
                TriggerRef = webhook.TriggerRef,
                Payload = payload,
                Origin = EventOrigin.Webhook,
                IdempotencyKey = DeliveryKey.Of(request, body, webhook.Signature),
            },
            ct);
        if (!prepared.IsOk(out var ready, out var failure))
            return new Refused(StatusOf(failure.Kind), failure.Reason, failure.Message) { Violations = failure.Violations };

        return new Accepted((await events.StoreAsync([ready], ct))[0]);
    }

    static Refused? FindClosed(Webhook webhook)
    {
        if (!webhook.IsOpen)
            return new(StatusCodes.Status403Forbidden, "WEBHOOK_DISABLED", "This webhook, or its trigger, is disabled.");
        return webhook.Problem is null
            ? null
            : new(StatusCodes.Status403Forbidden, "WEBHOOK_MISCONFIGURED", "This webhook cannot check requests, so it takes none. Its operators find more in the log.");
    }

    static bool IsAllowed(Webhook webhook, IPAddress? address)
        => address is not null && webhook.AllowedFrom.Any(range => range.Contains(address));

    static bool IsPlain(StringValues encoding) => encoding.ToString() is "" or "identity";

    // Who has no secret configured still gets GitHub's forms decoded.
    static bool HasPayloadField(HttpRequest request, Webhook webhook)
        => webhook.Signature?.Style is "github" or "slack" || request.Headers.ContainsKey("X-GitHub-Event");

    static int StatusOf(FailureKind kind) => kind switch
    {
        FailureKind.Invalid => StatusCodes.Status400BadRequest,
        FailureKind.NotFound => StatusCodes.Status404NotFound,
        FailureKind.Refused or FailureKind.Denied => StatusCodes.Status403Forbidden,
        FailureKind.Exhausted => StatusCodes.Status429TooManyRequests,
        _ => StatusCodes.Status503ServiceUnavailable,
    };
}
