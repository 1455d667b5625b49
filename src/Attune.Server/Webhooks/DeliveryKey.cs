using System.Security.Cryptography;
using System.Text;

namespace Attune.Server.Webhooks;

/// <summary>
/// What tells a delivery that comes again from a new one. A provider's own id is asked first where its style is configured: those of Slack
/// and Stripe are inside what is signed, so nobody who replays a delivery can change them. The kinds have prefixes, so they never meet.
/// </summary>
static class DeliveryKey
{
    // `event.idempotency_key` takes 255.
    const int ValueLengthMax = 200;

    /// <summary>Null: every delivery is a new event.</summary>
    public static string? Of(HttpRequest request, WebhookBody body, SignatureScheme? signature)
    {
        var (kind, value) = signature?.Style switch
        {
            "github" => ("github", request.Headers["X-GitHub-Delivery"].ToString()),
            "slack" => ("slack", body.TextAt("event_id")),
            "stripe" => ("stripe", body.TextAt("id")),
            _ => ("", null),
        };
        if (string.IsNullOrEmpty(value))
            (kind, value) = ("header", request.Headers["Idempotency-Key"].ToString());
        if (value is "")
            return null;

        return value.Length <= ValueLengthMax
            ? $"webhook:{kind}:{value}"
            : $"webhook:{kind}-sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)))}";
    }
}
