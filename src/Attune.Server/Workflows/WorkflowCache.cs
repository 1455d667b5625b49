using System.Diagnostics.CodeAnalysis;

namespace Attune.Server.Workflows;

/// <summary>
/// Runs in memory that are not over, those that were carried on last. The row's step decides whether one is still how it stands.
/// </summary>
sealed class WorkflowCache(long bytesMax)
{
    readonly Lock gate = new();
    readonly Dictionary<long, LinkedListNode<Entry>> byId = [];
    readonly LinkedList<Entry> latestFirst = new();
    long bytes;

    public WorkflowCache()
        : this(128 * 1024 * 1024)
    {
    }

    public int Count
    {
        get
        {
            lock (gate)
                return byId.Count;
        }
    }

    /// <summary>What they take, roughly.</summary>
    public long Bytes
    {
        get
        {
            lock (gate)
                return bytes;
        }
    }

    public bool TryGet(long id, long step, [NotNullWhen(true)] out RememberedRun? run)
    {
        lock (gate)
        {
            run = byId.TryGetValue(id, out var node) && node.Value.Run.Step == step ? node.Value.Run : null;
            return run is not null;
        }
    }

    /// <summary>After the commit of that step. A later one that is here already stays; one that is over is forgotten.</summary>
    public void Put(RememberedRun run)
    {
        lock (gate)
        {
            if (byId.TryGetValue(run.Run.Id, out var known))
            {
                if (known.Value.Run.Step > run.Step)
                    return;
                Remove(known);
            }

            if (run.IsFinished)
                return;

            // What it takes may change while it is here; what it took when it came is what goes with it.
            var entry = new Entry(run, run.Bytes);
            byId[run.Run.Id] = latestFirst.AddFirst(entry);
            bytes += entry.Bytes;
            while (bytes > bytesMax && latestFirst.Last is { } oldest)
                Remove(oldest);
        }
    }

    public void Forget(long id)
    {
        lock (gate)
        {
            if (byId.TryGetValue(id, out var known))
                Remove(known);
        }
    }

    void Remove(LinkedListNode<Entry> node)
    {
        latestFirst.Remove(node);
        byId.Remove(node.Value.Run.Run.Id);
        bytes -= node.Value.Bytes;
    }

    readonly record struct Entry(RememberedRun Run, long Bytes);
}
