using System.Collections.Concurrent;

namespace Attune.Server.Workflows;

/// <summary>Runs that are left alone for a minute. Lost with the process, which does no harm.</summary>
sealed class PostponedRuns(TimeProvider clock)
{
    static readonly TimeSpan Delay = TimeSpan.FromMinutes(1);

    readonly ConcurrentDictionary<long, DateTimeOffset> until = new();

    /// <summary>When the first of them is looked at again; null where there are none.</summary>
    public DateTimeOffset? NextAt => until.IsEmpty ? null : until.Min(each => (DateTimeOffset?)each.Value);

    public IReadOnlyCollection<long> Ids
    {
        get
        {
            if (until.IsEmpty)
                return [];
            var now = clock.GetUtcNow();
            foreach (var (id, time) in until)
            {
                if (time <= now)
                    until.TryRemove(id, out _);
            }

            return [.. until.Keys];
        }
    }

    public void Add(long id) => until[id] = clock.GetUtcNow() + Delay;
}
