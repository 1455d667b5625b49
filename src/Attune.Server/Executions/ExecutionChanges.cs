using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Attune.Server.Executions;

/// <summary>Tells watchers which executions to look at again. Carries no data, so a merged or spurious wake-up is harmless.</summary>
sealed class ExecutionChanges
{
    /// <summary>Status changes.</summary>
    public Topic Status { get; } = new();

    /// <summary>New log chunks.</summary>
    public Topic Logs { get; } = new();

    internal sealed class Topic
    {
        readonly ConcurrentDictionary<long, Subscription[]> byExecution = new();

        public bool IsWatched => !byExecution.IsEmpty;

        public Subscription Subscribe(IReadOnlyList<long> executions)
        {
            var subscription = new Subscription(this, executions);
            foreach (var id in executions)
                byExecution.AddOrUpdate(id, _ => [subscription], (_, others) => [.. others, subscription]);
            return subscription;
        }

        public void Publish(IEnumerable<long> executions)
        {
            if (byExecution.IsEmpty)
                return;
            foreach (var id in executions)
            {
                if (byExecution.TryGetValue(id, out var subscriptions))
                {
                    foreach (var subscription in subscriptions)
                        subscription.Wake(id);
                }
            }
        }

        /// <summary>After something may have been missed: everyone looks at everything again.</summary>
        public void PublishAll() => Publish(byExecution.Keys);

        internal void Remove(Subscription subscription, long id)
        {
            while (byExecution.TryGetValue(id, out var present))
            {
                var rest = present.Where(each => each != subscription).ToArray();
                if (rest.Length == 0 ? byExecution.TryRemove(new(id, present)) : byExecution.TryUpdate(id, rest, present))
                    return;
            }
        }
    }

    internal sealed class Subscription(Topic owner, IReadOnlyList<long> executions) : IDisposable
    {
        // Room for one wake-up: several changes while the watcher is busy need only one more read.
        readonly Channel<bool> wakeUps = Channel.CreateBounded<bool>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

        readonly Lock gate = new();
        HashSet<long> changed = [];

        /// <summary>Waits for a change, then takes the ids of all that changed since the last call.</summary>
        public async Task<IReadOnlyCollection<long>> NextAsync(CancellationToken ct)
        {
            await wakeUps.Reader.ReadAsync(ct);
            lock (gate)
            {
                var taken = changed;
                changed = [];
                return taken;
            }
        }

        public void Dispose()
        {
            foreach (var id in executions)
                owner.Remove(this, id);
        }

        internal void Wake(long id)
        {
            lock (gate)
                changed.Add(id);
            wakeUps.Writer.TryWrite(true);
        }
    }
}
