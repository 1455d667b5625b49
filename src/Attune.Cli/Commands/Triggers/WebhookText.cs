using Attune.Cli.Output;
using Attune.V1;
using Google.Protobuf;

namespace Attune.Cli.Commands.Triggers;

static class WebhookText
{
    /// <param name="run">Where to.</param>
    /// <param name="document">The answer, for -o json and yaml.</param>
    /// <param name="webhook">The fields.</param>
    /// <param name="newSecret">Made by the server just now; null elsewhere.</param>
    public static void Write(Invocation run, IMessage document, Webhook webhook, string? newSecret = null) => run.Answer.Show(
        document,
        new("Address", webhook.Url is "" ? webhook.Path : webhook.Url),
        new("Trigger", webhook.TriggerRef),
        new("Open", webhook.Enabled ? "yes" : "no"),
        new("Signature", Signature(webhook.Signature)),
        new("Secret", newSecret),
        new("Secret is in", webhook.Signature is { SecretKeyRef: { Length: > 0 } key } ? $"key {key}" : ""),
        new("Rate", webhook.Rate is { Requests: > 0 } rate ? $"{rate.Requests} in {rate.WindowSeconds} s" : "unlimited"),
        new("From", webhook.AllowedIps.Count is 0 ? "anywhere" : string.Join(", ", webhook.AllowedIps)),
        new("Body", webhook.PayloadLimitKb is 0 ? "" : $"at most {webhook.PayloadLimitKb} KiB"));

    static string Signature(WebhookSignature? signature) => signature?.Style switch
    {
        null or WebhookStyle.Unspecified => "none: whoever knows the address may send",
        WebhookStyle.Hmac => $"hmac {Or(signature.Algorithm, "sha256")} in {Or(signature.Header, "X-Signature")}",
        var style => Texts.Word(style.Value),
    };

    static string Or(string text, string fallback) => text is "" ? fallback : text;
}
