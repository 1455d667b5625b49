using Microsoft.Extensions.Options;
using Npgsql;

namespace Attune.Server.Storage;

/// <summary>
/// The one LISTEN connection of a replica. A notification only says "look": it may come twice, and after a lost
/// connection it may not come at all, which is what the payload null tells.
/// </summary>
public sealed partial class DatabaseListener(IOptions<StorageOptions> options, TimeProvider clock, ILogger<DatabaseListener> logger)
    : BackgroundService
{
    // Long enough for a failover's storm to pass, short enough that nobody sits on the safety poll for long.
    static readonly TimeSpan BackoffMax = TimeSpan.FromSeconds(10);

    readonly Lock gate = new();
    readonly Dictionary<string, List<Subscription>> subscriptions = [];
    CancellationTokenSource newChannel = new();

    /// <param name="onNotified">
    /// Gets the payload, or null for "something may have been missed", which every connect says once. It runs on the
    /// listener's own loop: it must neither block nor throw.
    /// </param>
    /// <param name="channel">The channel's name, taken literally.</param>
    /// <returns>Ends the subscription; a call that is under way may still finish.</returns>
    public IDisposable Subscribe(string channel, Action<string?> onNotified)
    {
        var subscription = new Subscription(this, channel, onNotified);
        CancellationTokenSource? interrupt;
        lock (gate)
        {
            var known = subscriptions.GetValueOrDefault(channel);
            subscriptions[channel] = [.. known ?? [], subscription];
            interrupt = known is null ? newChannel : null;
        }

        interrupt?.Cancel();
        return subscription;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var db = Database.OpenForListening(options.Value);
        for (var attempt = 0; !stoppingToken.IsCancellationRequested; attempt++)
        {
            try
            {
                await using var connection = await db.OpenConnectionAsync(stoppingToken);
                attempt = 0;
                await ListenAsync(connection, stoppingToken);
            }
            catch (Exception exception) when (exception is NpgsqlException or IOException or TimeoutException)
            {
                var delay = DelayAfter(attempt, Random.Shared.NextDouble());
                LogConnectionLost(exception, delay);
                await Task.Delay(delay, clock, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    async Task ListenAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        connection.Notification += (_, notification) => Tell(notification.Channel, notification.Payload);
        var listening = new HashSet<string>();
        while (true)
        {
            var (interrupt, missing) = TakeNewChannels(listening);
            if (missing.Count > 0)
            {
                await using var command = new NpgsqlCommand(string.Concat(missing.Select(each => $"listen {Quoted(each)};")), connection);
                await command.ExecuteNonQueryAsync(ct);
                listening.UnionWith(missing);
                foreach (var channel in missing)
                    Tell(channel, null);
            }

            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, interrupt);
            try
            {
                await connection.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
            }
        }
    }

    /// <summary>The channels to begin listening to, and what is cancelled as soon as there are more.</summary>
    (CancellationToken Interrupt, IReadOnlyList<string> Missing) TakeNewChannels(HashSet<string> listening)
    {
        lock (gate)
        {
            newChannel = new();
            return (newChannel.Token, [.. subscriptions.Keys.Where(channel => !listening.Contains(channel))]);
        }
    }

    void Tell(string channel, string? payload)
    {
        List<Subscription> present;
        lock (gate)
        {
            if (!subscriptions.TryGetValue(channel, out present!))
                return;
        }

        foreach (var subscription in present)
        {
            try
            {
                subscription.OnNotified(payload);
            }
            catch (Exception exception)
            {
                // One subscriber's bug must not make the others deaf.
                LogSubscriberFailed(exception, channel);
            }
        }
    }

    void End(Subscription subscription)
    {
        lock (gate)
        {
            if (subscriptions.TryGetValue(subscription.Channel, out var present))
                subscriptions[subscription.Channel] = [.. present.Where(each => each != subscription)];
        }
    }

    static TimeSpan DelayAfter(int attempt, double jitter)
        => Math.Min(0.1 * Math.Pow(2, attempt), BackoffMax.TotalSeconds) * (0.5 + jitter / 2) * TimeSpan.FromSeconds(1);

    static string Quoted(string channel) => $"\"{channel.Replace("\"", "\"\"")}\"";

    sealed record Subscription(DatabaseListener Owner, string Channel, Action<string?> OnNotified) : IDisposable
    {
        public void Dispose() => Owner.End(this);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The LISTEN connection was lost; polling goes on and it is retried in {Delay}")]
    partial void LogConnectionLost(Exception exception, TimeSpan delay);

    [LoggerMessage(Level = LogLevel.Error, Message = "A subscriber of {Channel} failed; it may have missed a change until its next poll")]
    partial void LogSubscriberFailed(Exception exception, string channel);
}
