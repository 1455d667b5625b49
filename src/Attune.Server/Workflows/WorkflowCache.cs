using System.Diagnostics.CodeAnalysis;

namespace Attune.Server.Workflows;

/// <summary>Runs in memory, those that were carried on last. The row's step decides whether one is still how it stands.</summary>
sealed class WorkflowCache(long bytesMax)
{
    readonly Lock gate = new();
    readonly Dictionary<long, LinkedListNode<RememberedRun>> byId = [];
    readonly LinkedList<RememberedRun> latestFirst = new();
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

    public bool TryGet(long id, long step, [NotNullWhen(true)] out RememberedRun? run)
    {
        lock (gate)
        {
            run = byId.TryGetValue(id, out var node) && node.Value.Step == step ? node.Value : null;
            return run is not null;
        }
    }

    /// <summary>After the commit of that step. A later one that is here already stays.</summary>
    public void Put(RememberedRun run)
    {
        lock (gate)
        {
            if (byId.TryGetValue(run.Run.Id, out var known))
            {
                if (known.Value.Step > run.Step)
                    return;
                Remove(known);
            }

            byId[run.Run.Id] = latestFirst.AddFirst(run);
            bytes += run.Bytes;
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

    void Remove(LinkedListNode<RememberedRun> node)
    {
        latestFirst.Remove(node);
        byId.Remove(node.Value.Run.Id);
        bytes -= node.Value.Bytes;
    }
}
