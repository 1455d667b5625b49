using System.Runtime.CompilerServices;

namespace Attune.Server.Executions;

/// <summary>Each execution's present state, then every later one until all are final.</summary>
sealed class WatchExecution(ExecutionStore store, ExecutionChanges changes, TimeProvider clock)
{
    // The safety net behind NOTIFY: a watcher that heard nothing looks by itself.
    static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    /// <summary>An empty list says that nothing changed for a while. Ids that are not there end the sequence with null.</summary>
    public async IAsyncEnumerable<IReadOnlyList<Execution>?> RunAsync(
        long[] ids, [EnumeratorCancellation] CancellationToken ct)
    {
        // Subscribed before the first read, so a change between the two is not lost.
        using var subscription = changes.Status.Subscribe(ids);

        var last = new Dictionary<long, DateTimeOffset>(ids.Length);
        var open = ids.ToHashSet();
        var look = ids;
        while (true)
        {
            var found = await store.FindAsync(look, ct);
            if (last.Count == 0 && found.Count < ids.Length)
            {
                yield return null;
                yield break;
            }

            var news = found.Where(execution => !last.TryGetValue(execution.Id, out var seen) || seen != execution.Updated).ToList();
            foreach (var execution in news)
            {
                last[execution.Id] = execution.Updated;
                if (execution.IsFinal)
                    open.Remove(execution.Id);
            }

            yield return news;
            if (open.Count == 0)
                yield break;

            look = await NextAsync(subscription, open, ct);
        }
    }

    async Task<long[]> NextAsync(ExecutionChanges.Subscription subscription, HashSet<long> open, CancellationToken ct)
    {
        using var quiet = new CancellationTokenSource(LookAgain, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, quiet.Token);
        try
        {
            while (true)
            {
                var changed = await subscription.NextAsync(either.Token);
                var look = changed.Where(open.Contains).ToArray();
                if (look.Length > 0)
                    return look;
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return [.. open];
        }
    }
}
