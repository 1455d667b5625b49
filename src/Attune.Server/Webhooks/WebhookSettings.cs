using Attune.Server.Hosting;
using Attune.V1;

namespace Attune.Server.Webhooks;

/// <summary>From what a person asks for and what there is to the configuration that is stored, with every mistake at once.</summary>
static class WebhookSettings
{
    const int PayloadLimitMaxKb = 10240;
    const int RequestsMax = 10_000;
    const int WindowSecondsMax = 86_400;
    const int AddressesMax = 1000;
    const int SecretLengthMax = 1024;

    // What somebody else writes into every request, or what HTTP itself needs, proves nothing.
    static readonly string[] ReservedHeaders = ["authorization", "cookie", "host", "content-type", "content-length", "transfer-encoding", "connection"];

    /// <param name="present">What is kept where the request gives nothing, unless it says `replace`.</param>
    public static WebhookConfig Merge(EnableWebhookRequest request, WebhookConfig present, List<Violation> violations)
    {
        Check(request, violations);
        var kept = request.Replace ? new() : present;
        return new()
        {
            Hmac = request.Signature is null ? kept.Hmac : HmacOf(request.Signature, kept.Hmac, violations),
            RateLimit = request.Rate is null ? kept.RateLimit : RateOf(request.Rate, violations),
            IpAllowlist = request.AllowedIps.Count == 0 ? kept.IpAllowlist : new() { Enabled = true, Ips = [.. request.AllowedIps] },
            PayloadSizeLimitKb = request.HasPayloadLimitKb ? request.PayloadLimitKb : kept.PayloadSizeLimitKb,
        };
    }

    static void Check(EnableWebhookRequest request, List<Violation> violations)
    {
        if (request.HasPayloadLimitKb && request.PayloadLimitKb is < 1 or > PayloadLimitMaxKb)
            violations.Add(new("payload_limit_kb", $"must be from 1 to {PayloadLimitMaxKb}."));
        if (request.AllowedIps.Count > AddressesMax)
            violations.Add(new("allowed_ips", $"at most {AddressesMax} are taken."));
        for (var at = 0; at < Math.Min(request.AllowedIps.Count, AddressesMax); at++)
        {
            if (!AddressRange.Parse(request.AllowedIps[at]).IsOk(out _, out var failure))
                violations.Add(new($"allowed_ips[{at}]", failure.Message));
        }

        if (request.Secret.Length > SecretLengthMax)
            violations.Add(new("secret", $"is longer than {SecretLengthMax} characters."));
        if (request.Secret is not "" && request.Signature is { Style: WebhookStyle.Unspecified })
            violations.Add(new("secret", "is of no use without a signature style."));
    }

    static HmacConfig? HmacOf(WebhookSignature asked, HmacConfig? present, List<Violation> violations)
    {
        if (asked.Style is WebhookStyle.Unspecified)
        {
            if (asked.Algorithm is not "" || asked.Header is not "" || asked.SecretKeyRef is not "")
                violations.Add(new("signature.style", "is not set, but other fields of the signature are."));
            return present is null ? null : present with { Enabled = false };
        }

        if (StyleOf(asked.Style) is not { } style)
        {
            violations.Add(new("signature.style", "is not one of hmac, github, slack, stripe."));
            return present;
        }

        if (style is not "hmac" && asked.Algorithm is not "" && asked.Algorithm is not "sha256")
            violations.Add(new("signature.algorithm", $"of style {style} is always sha256; leave it empty."));
        else if (asked.Algorithm is not ("" or "sha256" or "sha512"))
            violations.Add(new("signature.algorithm", "is neither sha256 nor sha512."));
        if (style is not "hmac" && asked.Header is not "")
            violations.Add(new("signature.header", $"of style {style} is fixed; leave it empty."));
        else if (asked.Header is not "" && !IsHeader(asked.Header))
            violations.Add(new("signature.header", "is no header name that can carry a signature."));

        return new()
        {
            Enabled = true,
            Style = style,
            Algorithm = asked.Algorithm is "" ? "sha256" : asked.Algorithm,
            Header = asked.Header is "" ? HmacConfig.DefaultHeader : asked.Header,
            SecretKeyRef = asked.SecretKeyRef is "" ? present?.SecretKeyRef ?? "" : asked.SecretKeyRef,
        };
    }

    static RateConfig? RateOf(WebhookRate asked, List<Violation> violations)
    {
        if (asked.Requests is < 0 or > RequestsMax)
            violations.Add(new("rate.requests", $"must be from 0 (unlimited) to {RequestsMax}."));
        if (asked.Requests > 0 && asked.WindowSeconds is < 1 or > WindowSecondsMax)
            violations.Add(new("rate.window_seconds", $"must be from 1 to {WindowSecondsMax}."));
        return asked.Requests == 0 ? null : new() { Enabled = true, Requests = asked.Requests, WindowSeconds = asked.WindowSeconds };
    }

    // RFC 9110, 5.6.2: a token.
    static bool IsHeader(string name)
        => name.Length <= 100
            && name.All(letter => char.IsAsciiLetterOrDigit(letter) || "!#$%&'*+-.^_`|~".Contains(letter, StringComparison.Ordinal))
            && !ReservedHeaders.Contains(name.ToLowerInvariant());

    static string? StyleOf(WebhookStyle style) => style switch
    {
        WebhookStyle.Hmac => "hmac",
        WebhookStyle.Github => "github",
        WebhookStyle.Slack => "slack",
        WebhookStyle.Stripe => "stripe",
        _ => null,
    };
}
