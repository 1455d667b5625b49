using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using Attune.Server.Hosting;
using Attune.Server.Keys;

namespace Attune.Server.Webhooks;

/// <summary>A webhook ready to check with. Immutable, but for the window that counts its requests.</summary>
sealed class Webhook
{
    public required string TriggerRef { get; init; }

    /// <summary>The webhook and its trigger are both enabled.</summary>
    public required bool IsOpen { get; init; }

    /// <summary>Why it can check nothing, and so refuses everything; null when all is well. Never holds a secret.</summary>
    public string? Problem { get; init; }
    public int PayloadLimitBytes { get; init; }

    /// <summary>Empty: from anywhere.</summary>
    public IReadOnlyList<AddressRange> AllowedFrom { get; init; } = [];

    /// <summary>Null: none is asked for.</summary>
    public SignatureScheme? Signature { get; init; }

    /// <summary>Null: unlimited.</summary>
    public (int Requests, TimeSpan Window)? Rate { get; init; }

    /// <summary>Survives changes of the configuration.</summary>
    public required RequestWindow Accepted { get; init; }

    /// <summary>Headers that are credentials, in lower case.</summary>
    public FrozenSet<string> HiddenHeaders { get; init; } = SignatureScheme.KnownHeaders;

    /// <summary>Fails closed: what cannot be read or opened becomes a webhook that refuses everything.</summary>
    public static Webhook Create(WebhookRow row, SecretBox box, RequestWindow accepted)
    {
        try
        {
            return Create(row, WebhookConfig.Parse(row.Config), box, accepted);
        }
        catch (Exception exception) when (exception is JsonException or SecretBoxException or InvalidDataException)
        {
            return new()
            {
                TriggerRef = row.TriggerRef,
                IsOpen = row.IsOpen,
                Accepted = accepted,
                Problem = exception is JsonException ? "its configuration cannot be read" : exception.Message,
            };
        }
    }

    static Webhook Create(WebhookRow row, WebhookConfig config, SecretBox box, RequestWindow accepted)
    {
        var signature = config.Hmac is { Enabled: true } hmac ? SignatureScheme.Create(hmac, OpenSecret(row, hmac, box)) : null;
        return new()
        {
            TriggerRef = row.TriggerRef,
            IsOpen = row.IsOpen,
            Accepted = accepted,
            PayloadLimitBytes = (config.PayloadSizeLimitKb ?? WebhookConfig.PayloadLimitDefaultKb) * 1024,
            AllowedFrom = config.IpAllowlist is { Enabled: true } allowed ? [.. allowed.Ips.Select(RangeOf)] : [],
            Signature = signature,
            Rate = config.RateLimit is { Enabled: true } rate ? (rate.Requests, TimeSpan.FromSeconds(rate.WindowSeconds)) : null,
            HiddenHeaders = signature is null
                ? SignatureScheme.KnownHeaders
                : SignatureScheme.KnownHeaders.Append(signature.Header.ToLowerInvariant()).ToFrozenSet(),
        };
    }

    static byte[] OpenSecret(WebhookRow row, HmacConfig hmac, SecretBox box) => row switch
    {
        { SecretValue: null } => throw new InvalidDataException($"the key '{hmac.SecretKeyRef}' with its secret does not exist"),
        { SecretEncrypted: true } => KeyStore.Open(box, hmac.SecretKeyRef, row.SecretValue),
        _ => Encoding.UTF8.GetBytes(row.SecretValue),
    };

    static AddressRange RangeOf(string text)
        => AddressRange.Parse(text).IsOk(out var range, out var failure) ? range : throw new InvalidDataException(failure.Message);
}
