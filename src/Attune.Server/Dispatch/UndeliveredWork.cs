using Attune.Server.Executions;

namespace Attune.Server.Dispatch;

/// <summary>
/// What the database gives to an agent of this replica although the agent's session never heard of it: its commit was not seen to
/// succeed, or handing it over failed. It was never begun, so it goes back to the queue.
/// </summary>
sealed partial class UndeliveredWork(
    DispatchStore store, AgentSessions sessions, Dispatcher dispatcher, ExecutionChanges changes, TimeProvider clock,
    ILogger<UndeliveredWork> logger)
{
    // Far longer than any hand-over takes, so that nothing on its way is mistaken for lost.
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    HashSet<(long Execution, int Attempt)> suspects = [];

    /// <summary>Acts on what two sweeps in a row found.</summary>
    internal async Task<int> SweepAsync(CancellationToken ct)
    {
        var connected = sessions.All;
        if (connected.IsEmpty)
            return 0;

        var now = clock.GetUtcNow();
        var found = new HashSet<(long, int)>();
        foreach (var row in await store.ListAssignedAsync(connected, now - Patience, ct))
        {
            if (sessions.Find(row.Worker) is { } session && !session.Knows(row.Execution, row.Attempt))
                found.Add((row.Execution, row.Attempt));
        }

        var certain = found.Where(suspects.Contains).ToList();
        suspects = found;
        if (certain.Count == 0)
            return 0;

        LogFound(certain.Count);
        changes.Status.Publish(await store.GiveBackAsync(certain, now, ct));
        dispatcher.Wake();
        return certain.Count;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} executions were given to agents that never got them; they go back to the queue")]
    partial void LogFound(int count);
}
