using Attune.Engine.Placement;
using Attune.Server.Hosting;
using Attune.Server.Workers;
using Attune.Server.Workflows;
using Dapper;
using Npgsql;

namespace Attune.Server.Executions;

/// <summary>Says why an execution is where it is, with the code that places work.</summary>
sealed class ExplainExecution(
    NpgsqlDataSource db, ExecutionStore store, WorkerStore workers, ExplainWorkflow workflows, TimeProvider clock)
{
    // Enough for a sentence; nobody wants an exact count of a flood.
    const int AheadMax = 1000;
    const int WorkersMax = 1000;

    const string FindQueued = """
        select q.placement, q.run_after, w.name as worker_name, w.connected, w.lease_expires_at, q.at_least_once,
            case
                when q.worker is null then (
                    select count(*)::int
                    from (
                        select
                        from execution_queue a
                        where a.worker is null
                          and a.placement = q.placement
                          and a.run_after <= @now
                          and (a.priority > q.priority or (a.priority = q.priority and a.execution < q.execution))
                        limit @aheadMax) ahead)
                else 0
            end as ahead
        from execution_queue q
        left join worker w on w.id = q.worker
        where q.execution = @id
        """;

    sealed record Queued
    {
        public required string Placement { get; init; }
        public required DateTimeOffset RunAfter { get; init; }
        public string? WorkerName { get; init; }
        public bool? Connected { get; init; }
        public DateTimeOffset? LeaseExpiresAt { get; init; }
        public required bool AtLeastOnce { get; init; }
        public required int Ahead { get; init; }
    }

    public async Task<Result<Explanation>> RunAsync(Caller caller, long id, CancellationToken ct)
    {
        var execution = await store.FindAsync(id, ct);
        if (execution is null || !caller.May("executions", "read", execution.PackRef))
            return ExecutionStore.NotFound([id]);
        if (execution.IsFinal)
            return ExplainFinal(execution);
        if (execution.IsWorkflow)
            return await workflows.RunAsync(execution, ct);

        var now = clock.GetUtcNow();
        var queued = await FindQueuedAsync(id, now, ct);
        return queued switch
        {
            null => await workflows.ExplainQuestionAsync(execution, ct) ?? One("FINISHED", "It ended this very moment"),
            { WorkerName: { } worker } => ExplainAssigned(execution, queued, worker, now),
            _ when queued.RunAfter > now => One(
                "RETRY_DELAY", ExplainWaiting.RetryDelay(execution.Attempt, execution.MaxAttempts, queued.RunAfter - now)),
            _ => await ExplainWaitingAsync(queued, ct),
        };
    }

    async Task<Queued?> FindQueuedAsync(long id, DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<Queued>(
            new CommandDefinition(FindQueued, new { id, now, aheadMax = AheadMax }, cancellationToken: ct));
    }

    async Task<Explanation> ExplainWaitingAsync(Queued queued, CancellationToken ct)
    {
        var rows = await workers.ListAsync("", [], "{}", WorkersMax, ct);
        var explanation = Placing.Explain(PlacementRequirement.Parse(queued.Placement), [.. rows.Select(row => row.ToCandidate())]);
        if (queued.Ahead == 0)
            return explanation;

        var count = queued.Ahead == AheadMax ? $"{AheadMax} or more" : $"{queued.Ahead}";
        var ahead = new Obstacle(
            "AHEAD_IN_QUEUE", $"{count} {(queued.Ahead == 1 ? "execution is" : "executions are")} ahead of it in the queue", null);
        return new($"{explanation.Summary.TrimEnd('.')}; {ahead.Sentence}.", [ahead, .. explanation.Reasons]);
    }

    static Explanation ExplainAssigned(Execution execution, Queued queued, string worker, DateTimeOffset now)
    {
        var reasons = new List<Obstacle>();
        var what = execution.Status switch
        {
            ExecutionStatus.Canceling => ("CANCELING", $"Cancellation was asked for; agent {worker} is stopping it"),
            ExecutionStatus.Running => ("RUNNING", $"Runs on agent {worker} since {Seconds(now - execution.StartedAt)}"),
            _ => ("RUNNING", $"Was given to agent {worker} {Seconds(now - execution.ScheduledAt)} ago and has not begun yet"),
        };
        reasons.Add(new(what.Item1, what.Item2, worker));
        if (queued.Connected is not true)
        {
            reasons.Add(new("DISCONNECTED", $"Agent {worker} is not connected; its lease ends in {Seconds(queued.LeaseExpiresAt - now)}", worker));
            reasons.Add(new(
                "DELIVERY_CONTRACT",
                queued.AtLeastOnce
                    ? "If the agent does not come back by then, it is run again elsewhere (at_least_once)"
                    : "If the agent does not come back by then, it is abandoned (at_most_once)",
                worker));
        }

        return new($"{string.Join(". ", reasons.Select(reason => reason.Sentence))}.", reasons);
    }

    static Explanation ExplainFinal(Execution execution)
    {
        var error = Dispatch.ErrorJson.Read(execution.Error);
        var sentence = execution.Status switch
        {
            ExecutionStatus.Completed => execution.WorkerName is { } worker ? $"Completed on agent {worker}" : "Completed",
            ExecutionStatus.Cancelled => (error?.Message ?? "Cancelled").TrimEnd('.'),
            _ => $"Ended as {execution.Status.ToString().ToLowerInvariant()}"
                 + (execution.Attempt > 1 ? $" after {execution.Attempt} attempts" : "")
                 + (error is null ? "" : $": {error.Message.TrimEnd('.')}"),
        };
        return One(execution.Status is ExecutionStatus.Abandoned ? "DELIVERY_CONTRACT" : "FINISHED", sentence);
    }

    static Explanation One(string code, string sentence) => new($"{sentence}.", [new(code, sentence, null)]);

    static string Seconds(TimeSpan? span) => $"{Math.Max(0, Math.Round(span?.TotalSeconds ?? 0))} s";
}
