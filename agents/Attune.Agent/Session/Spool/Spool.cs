using System.Buffers.Binary;
using System.Text;
using Attune.V1;
using Google.Protobuf;

namespace Attune.Agent.Session.Spool;

/// <summary>
/// What the agent must not forget: which attempts it holds, and every result and log chunk until the control plane has them.
/// See the README one folder up. Not thread-safe: <see cref="Reports"/> guards it.
/// </summary>
sealed partial class Spool : IDisposable
{
    /// <summary>Results up to here stay in memory until acknowledged, which spares reading them back.</summary>
    const int InMemoryResultBytes = 16 << 10;

    readonly long limitBytes;
    readonly Dictionary<RunKey, HeldRun> runs = [];
    JournalFile journal;

    /// <summary>Oldest first over all runs. May hold some that are gone.</summary>
    Queue<SpooledChunk> chunks = new();

    /// <summary>Names this spool for as long as its folder lives.</summary>
    public string Id { get; }

    public IReadOnlyCollection<HeldRun> Runs => runs.Values;

    /// <summary>Bytes that wait for an acknowledgement, with what each chunk costs besides.</summary>
    public long WaitingBytes { get; private set; }

    /// <summary>Given up for want of room since the process began.</summary>
    public long DroppedBytes { get; private set; }

    /// <summary>Why the disk takes nothing; null while all is well.</summary>
    public string? Trouble { get; private set; }

    public HeldRun? Find(RunKey key) => runs.GetValueOrDefault(key);

    /// <summary>False: the disk took nothing, and the runs are not held.</summary>
    public bool TryAccept(IReadOnlyList<HeldRun> accepted)
    {
        foreach (var run in accepted)
            WriteAccepted(journal, run);
        if (!Flush())
            return false;

        foreach (var run in accepted)
            runs.Add(run.Key, run);
        return true;
    }

    public void Begin(HeldRun run, DateTimeOffset startedAt)
    {
        run.State = HeldState.Running;
        run.StartedAt = startedAt;
        WriteStarted(journal, run);
        Flush();
    }

    /// <summary>A result that does not fit even without any logs is replaced by a failure that says so.</summary>
    public void Finish(IReadOnlyList<(HeldRun Run, Finished Result)> batch)
    {
        foreach (var (run, result) in batch)
        {
            var fitting = Fit(result);
            var length = fitting.CalculateSize();
            fitting.WriteTo(journal.Append(RecordKind.Finished, run.Key, length, out var offset));
            journal.Seal(length);
            runs.TryAdd(run.Key, run);
            run.State = HeldState.Finished;
            run.Result = new(offset, length, fitting);
            WaitingBytes += length;
        }

        if (!Flush())
            return;

        foreach (var (run, _) in batch)
        {
            if (run.Result.Length > InMemoryResultBytes)
                run.Result = run.Result with { Message = null };
        }

        CompactWhenWorthIt();
    }

    /// <summary>The chunk's place is kept even when its bytes find no room.</summary>
    public void Append(HeldRun run, LogChunk log)
    {
        var length = log.CalculateSize();
        MakeRoom(length + SpooledChunk.Overhead);
        var chunk = new SpooledChunk(run.Key, log.Sequence) { Length = length };

        var written = WaitingBytes + chunk.Cost <= limitBytes;
        if (written)
        {
            var body = journal.Append(RecordKind.Log, run.Key, length + sizeof(long), out var offset);
            BinaryPrimitives.WriteInt64LittleEndian(body, log.Sequence);
            log.WriteTo(body[sizeof(long)..]);
            journal.Seal(length + sizeof(long));
            chunk.Offset = offset + sizeof(long);
            written = Flush();
        }

        Index(run, chunk);
        if (!written)
            Drop(chunk);
        CompactWhenWorthIt();
    }

    public void AcknowledgeLogs(HeldRun run, long throughSequence)
    {
        if (run.Logs is null)
            return;

        foreach (var chunk in run.Logs.RemoveThrough(throughSequence))
            Remove(chunk);
        while (chunks.TryPeek(out var oldest) && oldest.IsGone)
            chunks.Dequeue();

        // Rides on the next flush: when it is lost, output is sent again, and the control plane knows it by its sequence.
        BinaryPrimitives.WriteInt64LittleEndian(journal.Append(RecordKind.LogsAcknowledged, run.Key, sizeof(long), out _), throughSequence);
        journal.Seal(sizeof(long));
    }

    public void Forget(HeldRun run)
    {
        if (!runs.Remove(run.Key))
            return;

        foreach (var chunk in run.Logs?.All ?? [])
            Remove(chunk);
        WaitingBytes -= run.Result.Length;
        if (runs.Count == 0 && journal.LengthBytes > EmptyJournalBytesMax)
        {
            journal.Truncate(0);
            chunks.Clear();
            return;
        }

        // Rides on the next flush: when it is lost, the result is sent again and acknowledged again.
        journal.Append(RecordKind.Forgotten, run.Key, 0, out _);
        journal.Seal(0);
    }

    /// <summary>Null for a chunk whose bytes were given up.</summary>
    public LogChunk? Read(SpooledChunk chunk)
        => chunk.DroppedBytes > 0 ? null : LogChunk.Parser.ParseFrom(ReadBytes(chunk.Offset, chunk.Length));

    public Finished ReadResult(HeldRun run)
        => run.Result.Message ?? Finished.Parser.ParseFrom(ReadBytes(run.Result.Offset, run.Result.Length));

    /// <summary>Writes what was gathered. False: the disk took nothing; <see cref="Trouble"/> says why.</summary>
    public bool Flush()
    {
        var took = journal.TryFlush(out var trouble);
        Trouble = took ? null : trouble;
        return took;
    }

    /// <summary>Whether the disk takes a record: one that means nothing.</summary>
    public bool Probe()
    {
        journal.Append(RecordKind.Forgotten, default, 0, out _);
        journal.Seal(0);
        return Flush();
    }

    public void Dispose()
    {
        journal.TryFlush(out _);
        journal.Dispose();
    }

    byte[] ReadBytes(long offset, int length)
    {
        var bytes = new byte[length];
        journal.Read(offset, bytes);
        return bytes;
    }

    void Index(HeldRun run, SpooledChunk chunk)
    {
        (run.Logs ??= new()).Add(chunk);
        run.LastSequence = Math.Max(run.LastSequence, chunk.Sequence);
        chunks.Enqueue(chunk);
        WaitingBytes += chunk.Cost;
    }

    void Remove(SpooledChunk chunk)
    {
        WaitingBytes -= chunk.Cost;
        chunk.IsGone = true;
    }

    static void WriteAccepted(JournalFile into, HeldRun run)
    {
        var length = Encoding.UTF8.GetByteCount(run.ActionRef);
        Encoding.UTF8.GetBytes(run.ActionRef, into.Append(RecordKind.Accepted, run.Key, length, out _));
        into.Seal(length);
    }

    static void WriteStarted(JournalFile into, HeldRun run)
    {
        BinaryPrimitives.WriteInt64LittleEndian(into.Append(RecordKind.Started, run.Key, sizeof(long), out _), run.StartedAt.UtcTicks);
        into.Seal(sizeof(long));
    }
}
