using System.Collections.Concurrent;
using Attune.Engine.Placement;
using Attune.Server.Actions;
using Attune.Server.Executions;

namespace Attune.Server.Dispatch;

/// <summary>One round of claiming: what waits, who is free, who gets what.</summary>
sealed class ClaimWork(
    DispatchStore store, AgentSessions sessions, ActionCatalog catalog, ParameterSecrets secrets, TimeProvider clock)
{
    readonly ConcurrentDictionary<string, PlacementRequirement> requirements = new();

    /// <summary>What is assigned now and has to be delivered, what could not run at all, and the placements that still wait.</summary>
    public sealed record Round(
        IReadOnlyList<Assignment> Assignments, IReadOnlyList<long> Unrunnable, IReadOnlyList<string> Waiting);

    public async Task<Round> RunAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var keys = await store.ListWaitingAsync(now, ct);
        var demand = keys
            .Select(key => (Key: key, Free: sessions.Fitting(RequirementOf(key)).Sum(session => Math.Max(0, session.Free))))
            .Where(each => each.Free > 0)
            .ToList();
        if (demand.Count == 0)
            return new([], [], keys);

        var claimed = await store.ClaimAsync(
            [.. demand.Select(each => each.Key)],
            [.. demand.Select(each => each.Free)],
            key => sessions.TryReserve(RequirementOf(key)),
            now,
            ct);

        var assignments = new List<Assignment>(claimed.Count);
        var unrunnable = new List<long>();
        foreach (var (session, row) in claimed)
        {
            if (await ToAssignmentAsync(session, row, ct) is { } assignment)
            {
                assignments.Add(assignment);
                continue;
            }

            session.ReleaseReservation();
            unrunnable.Add(row.Id);
            await store.FailUnrunnableAsync(row.Id, row.Attempt, now, ct);
        }

        return new(assignments, unrunnable, keys);
    }

    async Task<Assignment?> ToAssignmentAsync(AgentSession session, ClaimedExecution row, CancellationToken ct)
    {
        var action = await catalog.FindAsync(row.ActionRef, ct);
        var spec = row.ReleaseDigest is null || action?.ReleaseDigest == row.ReleaseDigest
            ? action?.Spec
            : await catalog.SpecForAsync(row.ActionRef, row.ReleaseDigest, ct);
        if (spec is null)
            return null;

        return new()
        {
            Session = session,
            ExecutionId = row.Id,
            Attempt = row.Attempt,
            MaxAttempts = row.MaxAttempts,
            Retry = StoredRetry.Parse(row.Retry),
            AtLeastOnce = row.AtLeastOnce,
            Spec = spec,
            PermissionSets = action?.PermissionSets ?? [],
            Parameters = secrets.Reveal(row.Config),
            Timeout = TimeSpan.FromMilliseconds(row.TimeoutMs),
            EnvVars = row.ReadEnvVars(),
        };
    }

    PlacementRequirement RequirementOf(string key) => requirements.GetOrAdd(key, PlacementRequirement.Parse);
}
