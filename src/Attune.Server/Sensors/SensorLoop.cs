using System.Threading.Channels;
using Attune.Server.Storage;

namespace Attune.Server.Sensors;

/// <summary>
/// Decides and tells, over and over: after every change of sensors, rules, triggers, packs or agents that NOTIFY brings, and by itself
/// every few seconds, because a lease runs out without a word.
/// </summary>
sealed partial class SensorLoop(
    AssignSensors assign, PushSensors push, DatabaseListener listener, TimeProvider clock, ILogger<SensorLoop> logger) : BackgroundService
{
    static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(2);

    static readonly string[] Cached = ["\"sensor\"", "\"trigger\"", "\"pack\"", "\"runtime\"", "\"worker\""];

    // Room for one wake-up: a pass looks at everything.
    readonly Channel<bool> wakeUps = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>An agent has connected here, or found a runtime.</summary>
    public void Wake() => wakeUps.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var rules = listener.Subscribe("rule_changed", _ => Wake());
        using var assignments = listener.Subscribe("sensor_changed", _ => Wake());
        using var caches = listener.Subscribe("attune_notifications", payload =>
        {
            if (payload is null || Cached.Any(type => payload.Contains(type, StringComparison.Ordinal)))
                Wake();
        });

        while (!stoppingToken.IsCancellationRequested)
        {
            using var sweep = new CancellationTokenSource(SweepInterval, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, sweep.Token);
            try
            {
                await wakeUps.Reader.ReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                // The sweep.
            }

            // Apart, because agents must hear of their rules even when nothing can be decided.
            await GuardedAsync(assign.RunAsync(stoppingToken), stoppingToken);
            await GuardedAsync(push.RunAsync(stoppingToken), stoppingToken);
        }
    }

    async Task GuardedAsync(Task step, CancellationToken ct)
    {
        try
        {
            await step;
        }
        catch (Exception exception) when (!ct.IsCancellationRequested)
        {
            LogSkipped(exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Assigning sensors failed; the next sweep catches up")]
    partial void LogSkipped(Exception exception);
}
