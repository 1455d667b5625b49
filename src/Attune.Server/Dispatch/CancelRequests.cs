using System.Threading.Channels;

namespace Attune.Server.Dispatch;

/// <summary>
/// Carries cancellations to this replica's agents. The queue row says what was asked for, so a request made on another replica, or
/// while the agent was away, arrives all the same.
/// </summary>
sealed partial class CancelRequests(
    DispatchStore store, AgentSessions sessions, TimeProvider clock, ILogger<CancelRequests> logger) : BackgroundService
{
    /// <summary>Between SIGTERM and SIGKILL.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    // Room for one wake-up: it makes the loop look at every open request.
    readonly Channel<bool> wakeUps = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    // What was sent already, so that a poll does not repeat it each second. Forgotten with the session.
    readonly HashSet<(Guid Session, long Execution)> sent = [];

    public void Wake() => wakeUps.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var poll = new PeriodicTimer(PollInterval, clock);
        var tick = poll.WaitForNextTickAsync(stoppingToken).AsTask();
        var wake = wakeUps.Reader.WaitToReadAsync(stoppingToken).AsTask();
        while (!stoppingToken.IsCancellationRequested)
        {
            var first = await Task.WhenAny(tick, wake);
            if (first == tick)
                tick = poll.WaitForNextTickAsync(stoppingToken).AsTask();
            if (first == wake)
            {
                wakeUps.Reader.TryRead(out _);
                wake = wakeUps.Reader.WaitToReadAsync(stoppingToken).AsTask();
            }

            try
            {
                await SendAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogSkipped(exception);
            }
        }
    }

    internal async Task SendAsync(CancellationToken ct)
    {
        var connected = sessions.All;
        if (connected.IsEmpty)
        {
            sent.Clear();
            return;
        }

        var requested = await store.ListCancelRequestedAsync([.. connected.Select(session => session.WorkerId)], ct);
        var open = new HashSet<(Guid, long)>();
        foreach (var (worker, execution) in requested)
        {
            if (sessions.Find(worker) is not { } session || !session.Holds(execution))
                continue;
            open.Add((session.SessionId, execution));
            if (sent.Add((session.SessionId, execution)))
                session.Cancel(execution, "Cancelled by request", Grace);
        }

        sent.IntersectWith(open);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Looking for cancellations failed; the next poll catches up")]
    partial void LogSkipped(Exception exception);
}
