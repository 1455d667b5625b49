using System.Threading.Channels;
using Attune.Server.Dispatch;
using Attune.Server.Storage;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Server.Workers;

/// <summary>
/// Brings cordons and drains from the database, where any replica writes them, to this replica's sessions; cancels what still runs
/// when a drain's deadline has passed.
/// </summary>
sealed partial class AvailabilityWatch(
    WorkerStore store, AgentSessions sessions, Dispatcher dispatcher, DatabaseListener listener, TimeProvider clock,
    ILogger<AvailabilityWatch> logger)
    : BackgroundService
{
    static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(5);

    readonly Channel<bool> wakeUps = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var subscription = listener.Subscribe(
            "attune_notifications",
            payload =>
            {
                // Null: something may have been missed.
                if (payload is null || payload.Contains("\"worker\"", StringComparison.Ordinal))
                    wakeUps.Writer.TryWrite(true);
            });

        while (!stoppingToken.IsCancellationRequested)
        {
            using var poll = new CancellationTokenSource(PollInterval, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, poll.Token);
            try
            {
                await wakeUps.Reader.ReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                // The poll.
            }

            try
            {
                await ApplyAsync(stoppingToken);
            }
            catch (Npgsql.NpgsqlException exception)
            {
                LogSkipped(exception);
            }
        }
    }

    internal async Task ApplyAsync(CancellationToken ct)
    {
        var connected = sessions.All;
        if (connected.IsEmpty)
            return;

        foreach (var row in await store.ListAvailabilityAsync([.. connected.Select(session => session.WorkerId)], ct))
        {
            if (sessions.Find(row.Id) is not { } session)
                continue;

            if (row.LeaseEnded || row.SessionId != session.SessionId)
            {
                // Silent for a lease, or served by a newer stream elsewhere.
                // Its work is decided there; here it must begin anew before it may hold more.
                session.Ended?.Invoke();
                continue;
            }

            if (row.Draining != session.Draining)
            {
                session.Send(control => control.Drain = new()
                {
                    Deadline = row.DrainDeadline?.ToTimestamp(),
                    Reason = row.DrainReason ?? "",
                    Lifted = !row.Draining,
                });
            }

            (session.Cordoned, session.Draining) = (row.Cordoned, row.Draining);
            if (row.Draining && row.DrainDeadline < clock.GetUtcNow())
            {
                foreach (var execution in session.Held())
                    session.Cancel(execution, "The agent's drain deadline has passed", CancelRequests.Grace);
            }
        }

        dispatcher.NoteCapacity();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reading cordons and drains failed; the next poll catches up")]
    partial void LogSkipped(Exception exception);
}
