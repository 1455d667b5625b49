using Attune.Server.Hosting;
using Attune.V1;

namespace Attune.Server.Webhooks;

static class WebhookMapping
{
    public static V1.Webhook ToWire(this WebhookTrigger trigger, WebhookConfig config, HttpAddress address)
    {
        var path = trigger.WebhookKey is { } key ? $"/webhooks/{key}" : "";
        var webhook = new V1.Webhook
        {
            Enabled = trigger.WebhookEnabled,
            TriggerRef = trigger.Ref,
            Path = path,
            Url = path is "" ? "" : address.Public + path,
            PayloadLimitKb = config.PayloadSizeLimitKb ?? WebhookConfig.PayloadLimitDefaultKb,
        };
        if (config.Hmac is { Enabled: true } hmac)
            webhook.Signature = hmac.ToWire();
        if (config.RateLimit is { Enabled: true } rate)
            webhook.Rate = new() { Requests = rate.Requests, WindowSeconds = rate.WindowSeconds };
        if (config.IpAllowlist is { Enabled: true } allowed)
            webhook.AllowedIps.AddRange(allowed.Ips);
        return webhook;
    }

    static WebhookSignature ToWire(this HmacConfig hmac)
    {
        var isHmac = hmac.Style is "hmac";
        return new()
        {
            Style = hmac.Style switch
            {
                "github" => WebhookStyle.Github,
                "slack" => WebhookStyle.Slack,
                "stripe" => WebhookStyle.Stripe,
                _ => WebhookStyle.Hmac,
            },
            Algorithm = isHmac ? hmac.Algorithm : "",
            Header = isHmac ? hmac.Header : "",
            SecretKeyRef = hmac.SecretKeyRef,
        };
    }
}
