using System.Text.Json;
using Attune.Server.Storage;
using Npgsql;

namespace Attune.Server.Actions;

/// <summary>Makes the catalogue forget when another replica changed something: told by NOTIFY, and looking for itself in case one was lost.</summary>
sealed partial class ActionCatalogWatch(
    ActionCatalog catalog, ActionStore store, DatabaseListener listener, TimeProvider clock, ILogger<ActionCatalogWatch> logger)
    : BackgroundService
{
    const string Channel = "attune_notifications";

    public static readonly TimeSpan LookAfter = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = listener.Subscribe(Channel, payload =>
        {
            if (IsAboutActions(payload))
                catalog.Forget();
        });

        using var timer = new PeriodicTimer(LookAfter, clock);
        string? seen = null;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                seen = await LookAsync(seen, stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                LogLookSkipped(exception);
            }
        }
    }

    internal async Task<string> LookAsync(string? seen, CancellationToken ct)
    {
        var signature = await store.ReadSignatureAsync(ct);
        if (signature != seen)
            catalog.Forget();
        return signature;
    }

    internal static bool IsAboutActions(string? payload)
    {
        if (payload is null)
            return true;

        using var document = JsonDocument.Parse(payload);
        return document.RootElement.TryGetProperty("entity_type", out var type) && type.GetString() is "action" or "pack" or "runtime";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Actions could not be compared with the database; notifications still work and the next look will catch up")]
    partial void LogLookSkipped(Exception exception);
}
