using System.Collections.Concurrent;
using Attune.Engine.Placement;
using Attune.Server.Actions;
using Attune.Server.Executions;
using Attune.Server.Keys;

namespace Attune.Server.Dispatch;

/// <summary>One round of claiming: what waits, who is free, who gets what.</summary>
sealed partial class ClaimWork(
    DispatchStore store, AgentSessions sessions, ActionCatalog catalog, ParameterSecrets secrets, TimeProvider clock,
    ILogger<ClaimWork> logger)
{
    // Labels come from callers, so there may be any number of placements over time.
    const int RequirementsMax = 10_000;

    readonly ConcurrentDictionary<string, PlacementRequirement> requirements = new();

    /// <summary>What is assigned now and has to be delivered, what could not run at all, and the placements that still wait.</summary>
    public sealed record Round(
        IReadOnlyList<Assignment> Assignments, IReadOnlyList<long> Unrunnable, IReadOnlyList<string> Waiting);

    public async Task<Round> RunAsync(CancellationToken ct)
    {
        if (requirements.Count > RequirementsMax)
            requirements.Clear();

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
        var next = 0;
        try
        {
            for (; next < claimed.Count; next++)
            {
                var (session, row) = claimed[next];
                if (await ToAssignmentAsync(session, row, ct) is { } assignment)
                {
                    assignments.Add(assignment);
                    continue;
                }

                await store.FailUnrunnableAsync(row.Id, row.Attempt, now, ct);
                session.ReleaseReservation();
                unrunnable.Add(row.Id);
            }
        }
        catch (Exception exception)
        {
            // Claimed and not delivered: the sweep of LostWork gives them back. What is ready leaves all the same.
            LogInterrupted(exception, claimed.Count - next);
            foreach (var (session, _) in claimed.Skip(next))
                session.ReleaseReservation();
        }

        return new(assignments, unrunnable, keys);
    }

    async Task<Assignment?> ToAssignmentAsync(AgentSession session, ClaimedExecution row, CancellationToken ct)
    {
        var action = await catalog.FindAsync(row.ActionRef, ct);
        var spec = row.ReleaseDigest is null || action?.ReleaseDigest == row.ReleaseDigest
            ? action?.Spec
            : await catalog.SpecForAsync(row.ActionRef, row.ReleaseDigest, ct);
        if (spec is null || Reveal(row) is not { } parameters)
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
            Parameters = parameters,
            Timeout = TimeSpan.FromMilliseconds(row.TimeoutMs),
            EnvVars = row.ReadEnvVars(),
        };
    }

    // A secret whose master key is gone must not stop the queue behind it.
    ReadOnlyMemory<byte>? Reveal(ClaimedExecution row)
    {
        try
        {
            return secrets.Reveal(row.Config);
        }
        catch (SecretBoxException exception)
        {
            LogSealed(exception, row.Id);
            return null;
        }
    }

    PlacementRequirement RequirementOf(string key) => requirements.GetOrAdd(key, PlacementRequirement.Parse);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} claimed executions could not be delivered; they go back to the queue shortly")]
    partial void LogInterrupted(Exception exception, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "The secret parameters of execution {Execution} cannot be opened; it fails")]
    partial void LogSealed(Exception exception, long execution);
}
