namespace Attune.Server.Timers;

/// <summary>Timers whose tick failed for a reason of their own: tried again after 1, 2, 4 … 60 s. Lost with the process, which does no harm.</summary>
sealed class PostponedTimers(TimeProvider clock)
{
    static readonly TimeSpan DelayMax = TimeSpan.FromMinutes(1);

    readonly Dictionary<long, (int Failures, DateTimeOffset Until)> byId = [];

    /// <summary>Those whose time has not come.</summary>
    public IReadOnlyCollection<long> Ids
    {
        get
        {
            var now = clock.GetUtcNow();
            return byId.Count == 0 ? [] : [.. byId.Where(pair => pair.Value.Until > now).Select(pair => pair.Key)];
        }
    }

    public void Add(long id)
    {
        var failures = byId.TryGetValue(id, out var known) ? known.Failures + 1 : 1;
        var delay = TimeSpan.FromSeconds(Math.Pow(2, Math.Min(failures - 1, 10)));
        byId[id] = (failures, clock.GetUtcNow() + (delay < DelayMax ? delay : DelayMax));
    }

    public void Forget(IReadOnlyList<long> ids)
    {
        if (byId.Count == 0)
            return;
        foreach (var id in ids)
            byId.Remove(id);
    }
}
