using System.Text.Json;
using Attune.Packs;
using Attune.Server.Actions;
using Attune.Server.Hosting;
using Attune.V1;
using Npgsql;

namespace Attune.Server.Webhooks;

/// <summary>Opens, closes and shows the webhooks of triggers. Each call demands the caller's right on the trigger's pack.</summary>
sealed class WebhookOperations(NpgsqlDataSource db, WebhookStore store, WebhookSecrets secrets, WebhookCatalog catalog, HttpAddress address)
{
    public async Task<Result<EnableWebhookResponse>> EnableAsync(Caller caller, EnableWebhookRequest request, CancellationToken ct)
    {
        Demand(caller, request.TriggerRef);
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (!(await WebhookStore.LockAsync(connection, request.TriggerRef, ct)).IsOk(out var trigger, out var missing))
            return missing;

        var violations = new List<Violation>();
        var present = ReadConfig(trigger);
        if (present is null && !request.Replace)
            violations.Add(new("replace", "the stored configuration cannot be read, so it can only be replaced."));
        foreach (var field in Unmet(trigger))
            violations.Add(new("trigger_ref", $"requires '{field}' in its events, which no webhook brings: theirs have {string.Join(", ", WebhookPayload.Parts)}."));
        var config = WebhookSettings.Merge(request, present ?? new(), violations);
        var chosen = await secrets.ChooseAsync(connection, trigger, config, request, violations, ct);
        if (violations.Count > 0)
            return Failure.Invalid("WEBHOOK_INVALID", violations);

        var key = await WebhookStore.EnableAsync(connection, trigger.Id, chosen.Config.ToJson(), ct);
        await transaction.CommitAsync(ct);
        catalog.Forget();
        return new EnableWebhookResponse
        {
            Webhook = (trigger with { WebhookEnabled = true, WebhookKey = key }).ToWire(chosen.Config, address),
            NewSecret = chosen.NewSecret,
        };
    }

    // Every delivery would be refused.
    static IEnumerable<string> Unmet(WebhookTrigger trigger)
        => ActionMapping.SchemaOf(trigger.OutSchema).Validate("{}"u8.ToArray()).Problems
            .Select(problem => problem.Path.Split('.', '[')[0])
            .Except(WebhookPayload.Parts);

    public async Task<Result<DisableWebhookResponse>> DisableAsync(Caller caller, DisableWebhookRequest request, CancellationToken ct)
    {
        Demand(caller, request.TriggerRef);
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (!(await WebhookStore.LockAsync(connection, request.TriggerRef, ct)).IsOk(out var trigger, out var missing))
            return missing;

        await WebhookStore.DisableAsync(connection, trigger.Id, ct);
        await transaction.CommitAsync(ct);
        catalog.Forget();
        return new DisableWebhookResponse { Webhook = Show(trigger with { WebhookEnabled = false }) };
    }

    public async Task<Result<RotateWebhookResponse>> RotateAsync(Caller caller, RotateWebhookRequest request, CancellationToken ct)
    {
        Demand(caller, request.TriggerRef);
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (!(await WebhookStore.LockAsync(connection, request.TriggerRef, ct)).IsOk(out var trigger, out var missing))
            return missing;

        var (key, wasRevoked) = await WebhookStore.RotateAsync(connection, trigger.Id, ct);
        await transaction.CommitAsync(ct);
        catalog.Forget();
        return new RotateWebhookResponse { Webhook = Show(trigger with { WebhookKey = key }), PreviousKeyRevoked = wasRevoked };
    }

    public async Task<Result<GetWebhookResponse>> GetAsync(Caller caller, GetWebhookRequest request, CancellationToken ct)
    {
        Demand(caller, request.TriggerRef);
        return (await store.FindAsync(request.TriggerRef, ct)).IsOk(out var trigger, out var missing)
            ? new GetWebhookResponse { Webhook = Show(trigger) }
            : missing;
    }

    // Before the look-up, so that a caller cannot find out what there is in packs that are not theirs.
    static void Demand(Caller caller, string triggerRef) => caller.Demand("triggers", "webhook", PackNames.PackOf(triggerRef));

    V1.Webhook Show(WebhookTrigger trigger) => trigger.ToWire(ReadConfig(trigger) ?? new(), address);

    static WebhookConfig? ReadConfig(WebhookTrigger trigger)
    {
        try
        {
            return WebhookConfig.Parse(trigger.WebhookConfig);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
