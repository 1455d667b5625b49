using System.Collections.Concurrent;
using System.Threading.Channels;
using Attune.Engine.Placement;
using Attune.Server.Executions;

namespace Attune.Server.Dispatch;

/// <summary>
/// Gives waiting executions to this replica's agents: one claim in bulk for all of them. Woken by new work, by a freed slot while
/// something waits, by an agent that connects, by other replicas through NOTIFY; a poll each second is the safety net.
/// </summary>
sealed partial class Dispatcher(
    ClaimWork claim, DeliverWork deliver, AgentSessions sessions, ExecutionChanges changes, TimeProvider clock,
    ILogger<Dispatcher> logger) : BackgroundService
{
    static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    // Room for one wake-up: many while a claim runs need only one more claim.
    readonly Channel<bool> wakeUps = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    // Placements that something waits for. While one is here, new work of its kind queues behind instead of overtaking.
    readonly ConcurrentDictionary<string, bool> waiting = new();

    public void Wake() => wakeUps.Writer.TryWrite(true);

    /// <summary>Work that may begin later; the poll would find it up to a second late.</summary>
    public void WakeAfter(TimeSpan delay)
    {
        ITimer? timer = null;
        timer = clock.CreateTimer(
            _ =>
            {
                Wake();
                timer?.Dispose();
            },
            null,
            delay,
            Timeout.InfiniteTimeSpan);
    }

    public void NoteWaiting(PlacementRequirement requirement) => waiting[requirement.Key] = true;

    /// <summary>A slot was freed or an agent came: only of interest while something waits.</summary>
    public void NoteCapacity()
    {
        if (!waiting.IsEmpty)
            Wake();
    }

    /// <summary>A slot for an execution that is about to be stored; null: it must wait in the queue.</summary>
    public AgentSession? TryReserve(PlacementRequirement requirement)
        => waiting.ContainsKey(requirement.Key) ? null : sessions.TryReserve(requirement);

    public void Deliver(IReadOnlyList<Assignment> assignments) => deliver.Run(assignments, Wake);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(stoppingToken);
                while (await ClaimAsync(stoppingToken))
                {
                    // More may wait than was free, and slots are freed meanwhile.
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogClaimFailed(exception);
                await Task.Delay(PollInterval, clock, stoppingToken);
            }
        }
    }

    async Task WaitAsync(CancellationToken ct)
    {
        using var poll = new CancellationTokenSource(PollInterval, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, poll.Token);
        try
        {
            await wakeUps.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The poll.
        }
    }

    /// <summary>One round. True when another one may find more.</summary>
    internal async Task<bool> ClaimAsync(CancellationToken ct)
    {
        var round = await claim.RunAsync(ct);
        foreach (var key in waiting.Keys.Except(round.Waiting))
            waiting.TryRemove(key, out _);
        foreach (var key in round.Waiting)
            waiting[key] = true;

        Deliver(round.Assignments);
        changes.Status.Publish(round.Assignments.Select(each => each.ExecutionId));
        changes.Status.Publish(round.Unrunnable);
        return round.Assignments.Count + round.Unrunnable.Count > 0;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Claiming work failed; the next round tries again")]
    partial void LogClaimFailed(Exception exception);
}
