using System.Text.Json;
using Attune.Server.Executions;
using Attune.Server.Storage;

namespace Attune.Server.Dispatch;

/// <summary>What other replicas did, heard through NOTIFY: wakes the dispatcher, the watchers, and whoever must stop an execution.</summary>
sealed partial class DispatchSignals(
    DatabaseListener listener, Dispatcher dispatcher, AgentSessions sessions, ExecutionChanges changes, CancelRequests cancels,
    ILogger<DispatchSignals> logger) : IHostedService
{
    readonly List<IDisposable> subscriptions = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        subscriptions.Add(listener.Subscribe("execution_created", payload => Hear(payload, _ => Created())));
        subscriptions.Add(listener.Subscribe("execution_status_changed", payload => Hear(payload, StatusChanged)));
        subscriptions.Add(listener.Subscribe("execution_log_appended", payload => Hear(payload, LogAppended)));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var subscription in subscriptions)
            subscription.Dispose();
        return Task.CompletedTask;
    }

    // Null: the listening connection was away, and anything may have been missed.
    void Hear(string? payload, Action<string> handle)
    {
        if (payload is null)
            Reconnected();
        else
            handle(payload);
    }

    void Created()
    {
        if (!sessions.All.IsEmpty)
            dispatcher.Wake();
    }

    void StatusChanged(string payload)
    {
        if (!changes.Status.IsWatched && sessions.All.IsEmpty)
            return;

        try
        {
            using var document = JsonDocument.Parse(payload);
            var root = document.RootElement;
            changes.Status.Publish(root.GetProperty("entity_ids").EnumerateArray().Select(id => id.GetInt64()));
            switch (root.GetProperty("status").GetString())
            {
                case "canceling":
                    cancels.Wake();
                    break;
                case "requested":
                    dispatcher.Wake();
                    break;
            }
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            LogUnreadable(exception);
        }
    }

    void LogAppended(string payload)
    {
        if (!changes.Logs.IsWatched)
            return;

        try
        {
            changes.Logs.Publish(JsonSerializer.Deserialize<long[]>(payload) ?? []);
        }
        catch (JsonException exception)
        {
            LogUnreadable(exception);
        }
    }

    void Reconnected()
    {
        dispatcher.Wake();
        cancels.Wake();
        changes.Status.PublishAll();
        changes.Logs.PublishAll();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A notification could not be read; polling covers for it")]
    partial void LogUnreadable(Exception exception);
}
