using System.Text.Json;
using Attune.Server.Storage;

namespace Attune.Server.Identities;

/// <summary>Tells the cache what other replicas, packs and people with psql changed.</summary>
sealed class CallerCacheRefresh(DatabaseListener listener, CallerCache callers) : IHostedService, IDisposable
{
    const string Channel = "attune_notifications";

    IDisposable? subscription;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        subscription = listener.Subscribe(Channel, payload =>
        {
            // No payload: the connection was lost for a while, and with it perhaps a change.
            if (payload is null || IsAboutRights(payload))
                callers.Forget();
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        subscription?.Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => subscription?.Dispose();

    static bool IsAboutRights(string payload)
    {
        using var document = JsonDocument.Parse(payload);
        return document.RootElement.TryGetProperty("entity_type", out var type)
            && type.GetString() is "permission_set" or "permission_assignment" or "api_token" or "identity";
    }
}
