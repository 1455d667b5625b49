namespace Attune.Agent.Session.Spool;

/// <summary>A run's unacknowledged chunks in order: first those that the present stream was given, then the others.</summary>
sealed class ChunkQueue
{
    Queue<SpooledChunk> unsent = new();
    readonly Queue<SpooledChunk> inFlight = new();

    /// <summary>Sent on the present stream and not acknowledged.</summary>
    public long InFlightBytes { get; private set; }

    public long UnacknowledgedBytes { get; private set; }

    public bool HasUnsent => unsent.Count > 0;

    public SpooledChunk? NextUnsent => unsent.TryPeek(out var chunk) ? chunk : null;

    public IEnumerable<SpooledChunk> All => inFlight.Concat(unsent);

    public void Add(SpooledChunk chunk)
    {
        unsent.Enqueue(chunk);
        UnacknowledgedBytes += chunk.Length;
    }

    /// <summary>Moves the next chunk to those in flight.</summary>
    public void MarkSent()
    {
        var chunk = unsent.Dequeue();
        inFlight.Enqueue(chunk);
        InFlightBytes += chunk.Length;
    }

    /// <summary>Returns the chunks that an acknowledgement covers.</summary>
    public IEnumerable<SpooledChunk> RemoveThrough(long sequence)
    {
        while (inFlight.TryPeek(out var chunk) && chunk.Sequence <= sequence)
        {
            InFlightBytes -= chunk.Length;
            UnacknowledgedBytes -= chunk.Length;
            yield return inFlight.Dequeue();
        }

        // An acknowledgement of an earlier stream may cover what this one has not sent again yet.
        while (inFlight.Count == 0 && unsent.TryPeek(out var chunk) && chunk.Sequence <= sequence)
        {
            UnacknowledgedBytes -= chunk.Length;
            yield return unsent.Dequeue();
        }
    }

    /// <summary>A new stream: everything is to be sent again.</summary>
    public void Rewind()
    {
        if (inFlight.Count == 0)
            return;

        unsent = new(inFlight.Concat(unsent));
        inFlight.Clear();
        InFlightBytes = 0;
    }
}
