using System.Text.Json;
using Attune.Server.Executions;
using Attune.Server.Storage;

namespace Attune.Server.Sensors;

/// <summary>Wakes those who follow a sensor's log, whichever replica wrote to it.</summary>
sealed partial class SensorLogSignals(DatabaseListener listener, ILogger<SensorLogSignals> logger) : IHostedService
{
    IDisposable? subscription;

    public ExecutionChanges.Topic Appended { get; } = new();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        subscription = listener.Subscribe("sensor_log_appended", Hear);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        subscription?.Dispose();
        return Task.CompletedTask;
    }

    // Null: the listening connection was away, and anything may have been missed.
    void Hear(string? payload)
    {
        if (!Appended.IsWatched)
            return;
        if (payload is null)
        {
            Appended.PublishAll();
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(payload);
            Appended.Publish(document.RootElement.GetProperty("entity_ids").EnumerateArray().Select(id => id.GetInt64()));
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            LogUnreadable(exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A notification about sensors' logs could not be read; who follows one looks again by itself")]
    partial void LogUnreadable(Exception exception);
}
