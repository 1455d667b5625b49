using System.Text.Json;
using System.Text.Json.Serialization;

namespace Attune.Server.Webhooks;

/// <summary>How a webhook checks what comes, as `trigger.webhook_config` keeps it.</summary>
sealed record WebhookConfig
{
    public const int PayloadLimitDefaultKb = 1024;

    static readonly JsonSerializerOptions Stored = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,

        // A misspelled check that is passed over would be an open door.
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public HmacConfig? Hmac { get; init; }
    public RateConfig? RateLimit { get; init; }
    public AddressConfig? IpAllowlist { get; init; }
    public int? PayloadSizeLimitKb { get; init; }

    /// <exception cref="JsonException">It was not written by us, or by a later version.</exception>
    public static WebhookConfig Parse(string json)
        => JsonSerializer.Deserialize<WebhookConfig>(json, Stored) ?? throw new JsonException("It is null.");

    public string ToJson() => JsonSerializer.Serialize(this, Stored);
}

/// <summary>Kept, with `enabled` false, when signatures are switched off, so that switching them on again finds the secret.</summary>
sealed record HmacConfig
{
    public const string DefaultHeader = "X-Signature";

    public required bool Enabled { get; init; }

    /// <summary>hmac, github, slack or stripe.</summary>
    public string Style { get; init; } = "hmac";

    /// <summary>sha256 or sha512.</summary>
    public string Algorithm { get; init; } = "sha256";

    /// <summary>Of style hmac.</summary>
    public string Header { get; init; } = DefaultHeader;

    /// <summary>`key.ref`; never the secret.</summary>
    public string SecretKeyRef { get; init; } = "";
}

sealed record RateConfig
{
    public required bool Enabled { get; init; }
    public required int Requests { get; init; }
    public required int WindowSeconds { get; init; }
}

sealed record AddressConfig
{
    public required bool Enabled { get; init; }
    public required IReadOnlyList<string> Ips { get; init; }
}
