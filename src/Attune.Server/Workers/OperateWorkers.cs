using Attune.Server.Dispatch;
using Attune.Server.Hosting;

namespace Attune.Server.Workers;

/// <summary>What operators ask of agents. Written to the row; the replica that serves the agent brings it there.</summary>
sealed class OperateWorkers(WorkerStore store, AgentSessions sessions, TimeProvider clock)
{
    public async Task<Result<WorkerRow>> GetAsync(string name, CancellationToken ct)
        => await store.FindAsync(name, ct) is { } worker
            ? worker
            : Failure.NotFound("WORKER_NOT_FOUND", $"No worker '{name}'. `attune worker list` shows those that joined.");

    public async Task<Result<Page<WorkerRow>>> ListAsync(
        int pageSize, string pageToken, string[] statuses, string labels, CancellationToken ct)
    {
        if (!Paging.Ascending(pageSize, pageToken).IsOk(out var page, out var failure))
            return failure;
        return page.Cut(await store.ListAsync(page.After, statuses, labels, page.Limit, ct), row => row.Name);
    }

    /// <param name="deadline">Null: what runs is never cancelled.</param>
    public Task<Result<WorkerRow>> DrainAsync(string name, TimeSpan? deadline, string reason, CancellationToken ct)
        => SetAsync(name, cordoned: false, draining: true, clock.GetUtcNow() + deadline, reason, ct);

    public Task<Result<WorkerRow>> CordonAsync(string name, CancellationToken ct)
        => SetAsync(name, cordoned: true, draining: false, null, null, ct);

    public Task<Result<WorkerRow>> UncordonAsync(string name, CancellationToken ct)
        => SetAsync(name, cordoned: false, draining: false, null, null, ct);

    async Task<Result<WorkerRow>> SetAsync(
        string name, bool cordoned, bool draining, DateTimeOffset? deadline, string? reason, CancellationToken ct)
    {
        await store.SetAvailabilityAsync(name, cordoned, draining, deadline, reason, ct);
        var result = await GetAsync(name, ct);

        // What is started here after the answer must not slip past it; the watch tells the agent, and lifts it again.
        if ((cordoned || draining) && result.IsOk(out var worker, out _) && sessions.Find(worker.Id) is { } session)
            session.Cordoned = true;
        return result;
    }
}
