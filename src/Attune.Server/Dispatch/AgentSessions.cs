using System.Collections.Concurrent;
using System.Collections.Immutable;
using Attune.Engine.Placement;

namespace Attune.Server.Dispatch;

/// <summary>The agents connected to this replica, and which of them may run what.</summary>
sealed class AgentSessions
{
    // Up to this many agents are compared for the least loaded; in a larger fleet a sample of as many is as good and far cheaper.
    const int CompareLimit = 32;

    // Labels come from callers, so there may be any number of requirements over time.
    const int FittingMax = 10_000;

    readonly Lock gate = new();
    volatile ImmutableArrayBox sessions = new([]);
    volatile ConcurrentDictionary<string, AgentSession[]> fitting = new();
    uint turn;

    public ImmutableArray<AgentSession> All => sessions.Items;

    /// <summary>Returns the session that it replaces, when the same agent connects again before its old stream was seen to end.</summary>
    public AgentSession? Add(AgentSession session)
    {
        lock (gate)
        {
            var replaced = sessions.Items.FirstOrDefault(each => each.WorkerId == session.WorkerId);
            var rest = replaced is null ? sessions.Items : sessions.Items.Remove(replaced);
            sessions = new(rest.Add(session));
            fitting = new();
            return replaced;
        }
    }

    public void Remove(AgentSession session)
    {
        lock (gate)
        {
            sessions = new(sessions.Items.Remove(session));
            fitting = new();
        }
    }

    /// <summary>An agent's runtimes or labels changed.</summary>
    public void FactsChanged() => fitting = new();

    public AgentSession? Find(long workerId) => All.FirstOrDefault(session => session.WorkerId == workerId);

    /// <summary>Those whose role, runtimes and labels fit, whatever their load.</summary>
    public AgentSession[] Fitting(PlacementRequirement requirement)
    {
        var cache = fitting;
        if (cache.Count > FittingMax)
            fitting = cache = new();
        return cache.TryGetValue(requirement.Key, out var known)
            ? known
            : cache.GetOrAdd(
                requirement.Key,
                _ => [.. All.Where(session => Placing.Mismatch(requirement, session.Facts) is null)]);
    }

    /// <summary>Takes a slot of the least loaded agent that fits; null when none has one free.</summary>
    public AgentSession? TryReserve(PlacementRequirement requirement)
    {
        var candidates = Fitting(requirement);
        if (candidates.Length == 1)
            return candidates[0].TryReserve() ? candidates[0] : null;

        var start = candidates.Length == 0 ? 0 : (int)(Interlocked.Increment(ref turn) % (uint)candidates.Length);
        while (true)
        {
            AgentSession? best = null;
            var bestLoad = double.MaxValue;
            var compared = 0;
            for (var i = 0; i < candidates.Length && compared < CompareLimit; i++)
            {
                var session = candidates[(start + i) % candidates.Length];
                if (session.Free <= 0)
                    continue;
                compared++;
                var load = session.Load;
                if (load < bestLoad)
                    (best, bestLoad) = (session, load);
            }

            // Lost a race for its last slot: look again.
            if (best is null || best.TryReserve())
                return best;
        }
    }

    // ImmutableArray is a struct of one reference; the box makes its exchange atomic.
    sealed record ImmutableArrayBox(ImmutableArray<AgentSession> Items);
}
