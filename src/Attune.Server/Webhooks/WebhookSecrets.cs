using System.Security.Cryptography;
using Attune.Server.Hosting;
using Attune.Server.Keys;
using Attune.V1;
using Npgsql;

namespace Attune.Server.Webhooks;

/// <summary>The configuration with the ref of its secret, and the secret itself where it was made just now (else empty).</summary>
sealed record ChosenSecret(WebhookConfig Config, string NewSecret);

/// <summary>The shared secrets: given by whoever opens the webhook, there already, or made here. Each is a key of the trigger's pack.</summary>
sealed class WebhookSecrets(KeyStore keys)
{
    const int NewSecretBytes = 32;

    public async Task<ChosenSecret> ChooseAsync(
        NpgsqlConnection connection, WebhookTrigger trigger, WebhookConfig config, EnableWebhookRequest request, List<Violation> violations,
        CancellationToken ct)
    {
        if (config.Hmac is not { Enabled: true } hmac)
        {
            if (request.Secret is not "" && request.Signature is null)
                violations.Add(new("secret", "is of no use without a signature style."));
            return new(config, "");
        }

        var own = $"{trigger.Ref}.webhook_secret";
        if (request.Secret is "" && hmac.SecretKeyRef is not "")
        {
            // Another pack's key must not become usable by naming it here.
            var owner = await KeyStore.FindOwnerAsync(connection, hmac.SecretKeyRef, ct);
            if (owner is not null && owner.OwnerPack == trigger.Pack && owner.OwnerType is "pack" or "system")
                return new(config, "");
            if (hmac.SecretKeyRef != own)
            {
                violations.Add(new("signature.secret_key_ref", $"there is no key '{hmac.SecretKeyRef}' of the trigger's pack."));
                return new(config, "");
            }
        }
        else if (request.Secret is not "" && request.Signature is { SecretKeyRef: not "" } named && named.SecretKeyRef != own)
        {
            violations.Add(new("secret", $"would be stored as '{own}'; give either it or signature.secret_key_ref."));
        }

        var made = request.Secret is "" ? RandomNumberGenerator.GetHexString(NewSecretBytes * 2, lowercase: true) : "";
        if (violations.Count == 0)
            await StoreAsync(connection, trigger, own, made is "" ? request.Secret : made, violations, ct);
        return new(config with { Hmac = hmac with { SecretKeyRef = own } }, made);
    }

    async Task StoreAsync(
        NpgsqlConnection connection, WebhookTrigger trigger, string reference, string secret, List<Violation> violations, CancellationToken ct)
    {
        var key = new NewKey
        {
            Ref = reference,
            Name = reference,
            PackId = trigger.Pack,
            PackRef = trigger.PackRef,
            Secret = secret,
        };
        if (!await keys.SetAsync(connection, key, ct))
            violations.Add(new("secret", $"the key '{reference}' belongs to somebody else."));
    }
}
