using System.Text.Json;
using Attune.Server.Storage;
using Npgsql;

namespace Attune.Server.Webhooks;

/// <summary>Makes the webhooks be read again when something changed them: told by NOTIFY, and looking for itself in case one was lost.</summary>
sealed partial class WebhookCatalogWatch(
    WebhookCatalog catalog, WebhookStore store, DatabaseListener listener, TimeProvider clock, ILogger<WebhookCatalogWatch> logger)
    : BackgroundService
{
    const string Channel = "attune_notifications";

    static readonly TimeSpan LookAfter = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = listener.Subscribe(Channel, payload =>
        {
            if (IsAboutWebhooks(payload))
                catalog.Forget();
        });

        using var timer = new PeriodicTimer(LookAfter, clock);
        string? seen = null;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var signature = await store.ReadSignatureAsync(stoppingToken);
                if (signature != seen)
                    catalog.Forget();
                seen = signature;
            }
            catch (NpgsqlException exception)
            {
                LogLookSkipped(exception);
            }
        }
    }

    static bool IsAboutWebhooks(string? payload)
    {
        if (payload is null)
            return true;

        using var document = JsonDocument.Parse(payload);
        return document.RootElement.TryGetProperty("entity_type", out var type) && type.GetString() is "trigger" or "key" or "pack";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhooks could not be compared with the database; notifications still work and the next look will catch up")]
    partial void LogLookSkipped(Exception exception);
}
