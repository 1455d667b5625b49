using System.Text.Json;
using System.Threading.Channels;
using Attune.Server.Storage;

namespace Attune.Server.Timers;

/// <summary>Rules that may have changed since their timers were planned, as NOTIFY tells; wakes the loop.</summary>
sealed partial class ChangedRules(DatabaseListener listener, TimeProvider clock, ILogger<ChangedRules> logger) : IHostedService
{
    // Beyond it, asking for all costs less than naming them.
    const int RulesMax = 10_000;

    readonly List<IDisposable> subscriptions = [];
    readonly Lock gate = new();

    // Room for one: a wake-up says only that there is something.
    readonly Channel<bool> wakeUps = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    HashSet<long> rules = [];
    bool isAll;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        subscriptions.Add(listener.Subscribe("rule_changed", Hear));
        subscriptions.Add(listener.Subscribe("attune_notifications", HearOther));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var subscription in subscriptions)
            subscription.Dispose();
        return Task.CompletedTask;
    }

    public void AddAll()
    {
        lock (gate)
            isAll = true;
    }

    /// <returns>False where nothing changed.</returns>
    /// <param name="changed">Null: any of them may have.</param>
    public bool Take(out IReadOnlyCollection<long>? changed)
    {
        lock (gate)
        {
            changed = isAll ? null : rules;
            var some = isAll || rules.Count > 0;
            (isAll, rules) = (false, []);
            return some;
        }
    }

    /// <summary>Ends with a change, or when it is that time.</summary>
    public async Task WaitAsync(DateTimeOffset until, CancellationToken ct)
    {
        // Rounded up: an alarm that rings a fraction of a millisecond early would ring again and again.
        var left = Math.Max(0, Math.Ceiling((until - clock.GetUtcNow()).TotalMilliseconds));
        using var alarm = new CancellationTokenSource(TimeSpan.FromMilliseconds(left), clock);
        if (clock.GetUtcNow() >= until)
            return;

        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, alarm.Token);
        try
        {
            await wakeUps.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The alarm.
        }
    }

    void Hear(string? payload)
    {
        try
        {
            using var document = payload is null ? null : JsonDocument.Parse(payload);
            lock (gate)
            {
                if (document is not null)
                    rules.UnionWith(document.RootElement.GetProperty("entity_ids").EnumerateArray().Select(id => id.GetInt64()));
                isAll |= document is null || rules.Count > RulesMax;
            }
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            LogUnreadable(exception);
            AddAll();
        }

        wakeUps.Writer.TryWrite(true);
    }

    // A timer's trigger may have been enabled or disabled.
    void HearOther(string? payload)
    {
        if (payload is not null && !payload.Contains("\"trigger\"", StringComparison.Ordinal))
            return;

        AddAll();
        wakeUps.Writer.TryWrite(true);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A notification about rules could not be read; all timers are planned anew")]
    partial void LogUnreadable(Exception exception);
}
