using System.Threading.Channels;

namespace Attune.Server.Feed;

/// <summary>
/// The newest rows of the feed, shared by all watchers of this replica. It is bounded: a watcher that falls behind it reads the
/// table until it has caught up, so a slow one costs no memory.
/// </summary>
sealed class FeedTail
{
    // Of rows with 1000 changes each that is a few MB.
    const int ChangesMax = 50_000;
    const int RowsMax = 2000;

    // Room for one: several reasons to look need one look.
    readonly Channel<bool> wakeUps = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    readonly Lock gate = new();
    readonly List<FeedRow> rows = [];
    int changes;
    int watchers;
    bool isKept;
    long begin;
    TaskCompletionSource changed = NewPulse();

    public bool IsWatched => Volatile.Read(ref watchers) > 0;

    /// <summary>The reader's position: the last row that was appended. Null while nothing is kept.</summary>
    public long? End
    {
        get
        {
            lock (gate)
                return isKept ? begin + rows.Count : null;
        }
    }

    /// <summary>As long as it is not disposed of, the reader keeps the tail up to date.</summary>
    public IDisposable Enter()
    {
        Interlocked.Increment(ref watchers);
        Wake();
        return new Watching(this);
    }

    /// <summary>Tells the reader to look now.</summary>
    public void Wake() => wakeUps.Writer.TryWrite(true);

    public async Task WokenAsync(CancellationToken ct) => await wakeUps.Reader.ReadAsync(ct);

    /// <summary>Keeps what comes after this position.</summary>
    public void Begin(long position)
    {
        lock (gate)
        {
            Clear();
            (isKept, begin) = (true, position);
        }

        Pulse();
    }

    public void Drop()
    {
        lock (gate)
        {
            Clear();
            isKept = false;
        }
    }

    /// <param name="next">Begins right after <see cref="End"/>, without gaps.</param>
    public void Append(IReadOnlyList<FeedRow> next)
    {
        lock (gate)
        {
            rows.AddRange(next);
            changes += next.Sum(row => row.Ids.Length);
            if (changes > ChangesMax || rows.Count > RowsMax)
                Forget(rows.Count / 2);
        }

        Pulse();
    }

    /// <summary>
    /// The rows after a position, at most a page. Null: they are not kept here, read the table. The task ends with the next change
    /// after this look.
    /// </summary>
    public (IReadOnlyList<FeedRow>? Rows, Task Changed) Look(long after)
    {
        lock (gate)
        {
            if (!isKept || after < begin)
                return (null, changed.Task);

            var skipped = (int)Math.Min(after - begin, rows.Count);
            return (rows.GetRange(skipped, Math.Min(rows.Count - skipped, FeedStore.RowsPerPage)), changed.Task);
        }
    }

    void Forget(int count)
    {
        changes -= rows.Take(count).Sum(row => row.Ids.Length);
        rows.RemoveRange(0, count);
        begin += count;
    }

    void Clear()
    {
        rows.Clear();
        changes = 0;
    }

    void Pulse()
    {
        TaskCompletionSource told;
        lock (gate)
            (told, changed) = (changed, NewPulse());
        told.SetResult();
    }

    static TaskCompletionSource NewPulse() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    sealed class Watching(FeedTail owner) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref owner.watchers);
    }
}
