using Attune.Server.Dispatch;
using Attune.Server.Executions;
using Attune.V1;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Server.Workers;

/// <summary>What agents say of their work, on its way to the writer.</summary>
sealed class AgentReports(ReportWriter writer, DispatchStore store, ExecutionChanges changes, Dispatcher dispatcher, TimeProvider clock)
{
    /// <summary>Frees the slots of what ended at once; the acknowledgement follows the commit.</summary>
    public ValueTask EnqueueAsync(AgentSession session, WorkerMessage message, CancellationToken ct)
    {
        RefuseForeign(session, message);
        var ended = Take(session, message);
        return message.Finished.Count + message.Started.Count + message.Logs.Count == 0
            ? ValueTask.CompletedTask
            : writer.EnqueueAsync(new(session, message, ended), ct);
    }

    // An agent speaks for what it was given and for nothing else: another's executions are not its to end, nor is what was decided
    // without it. It is told to forget them.
    static void RefuseForeign(AgentSession session, WorkerMessage message)
    {
        Remove(message.Started, each => !session.Knows(each.ExecutionId, each.Attempt));
        var logs = Remove(message.Logs, each => !session.Knows(each.ExecutionId, each.Chunk.Attempt));
        var finished = Remove(message.Finished, each => !session.Holds(each.ExecutionId, each.Attempt));
        if (logs.Count + finished.Count == 0)
            return;

        session.Send(control =>
        {
            control.Acks.Add(finished.Select(each => new ReportAck { ExecutionId = each.ExecutionId, Attempt = each.Attempt, Stale = true }));
            control.LogAcks.Add(logs
                .GroupBy(each => (each.ExecutionId, each.Chunk.Attempt))
                .Select(each => new LogAck
                {
                    ExecutionId = each.Key.ExecutionId,
                    Attempt = each.Key.Attempt,
                    ThroughSequence = each.Max(log => log.Chunk.Sequence),
                }));
        });
    }

    static List<TReport> Remove<TReport>(RepeatedField<TReport> reports, Predicate<TReport> isForeign)
    {
        var removed = new List<TReport>();
        for (var i = reports.Count - 1; i >= 0; i--)
        {
            if (!isForeign(reports[i]))
                continue;
            removed.Add(reports[i]);
            reports.RemoveAt(i);
        }

        return removed;
    }

    public async Task GiveBackAsync(AgentSession session, WorkerMessage message, CancellationToken ct)
    {
        var items = message.Returned
            .Select(each => (each.ExecutionId, each.Attempt))
            .Where(each => session.Holds(each.ExecutionId, each.Attempt))
            .ToList();
        await GiveBackAsync(items, ct);
        foreach (var (execution, attempt) in items)
            session.Drop(execution, attempt);
    }

    /// <summary>
    /// On a new session: what the agent never began goes back, what it lost with its disk is reported as lost. Ends after the commit.
    /// </summary>
    public async Task SettleAsync(
        AgentSession session, IReadOnlyList<(long Execution, int Attempt)> neverBegun, IReadOnlyList<AssignedExecution> lost,
        CancellationToken ct)
    {
        if (neverBegun.Count > 0)
            await GiveBackAsync(neverBegun, ct);
        if (lost.Count == 0)
            return;

        var message = new WorkerMessage();
        foreach (var row in lost)
        {
            session.Adopt(row.Execution, row.ToOutstanding());
            message.Finished.Add(new Finished
            {
                ExecutionId = row.Execution,
                Attempt = row.Attempt,
                Outcome = Outcome.Lost,
                FinishedAt = clock.GetUtcNow().ToTimestamp(),
                Error = new()
                {
                    Reason = "WORKER_LOST",
                    Message = $"Agent {session.Name} came back without its spool and knows nothing of this attempt.",
                },
            });
        }

        await writer.WriteNowAsync(new(session, message, Take(session, message)), ct);
    }

    static Outstanding?[] Take(AgentSession session, WorkerMessage message)
        => [.. message.Finished.Select(each => session.Take(each.ExecutionId, each.Attempt))];

    async Task GiveBackAsync(IReadOnlyList<(long Execution, int Attempt)> items, CancellationToken ct)
    {
        changes.Status.Publish(await store.GiveBackAsync(items, clock.GetUtcNow(), ct));
        dispatcher.Wake();
    }
}
