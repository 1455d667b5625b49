using System.Buffers.Binary;
using System.Globalization;
using Attune.V1;

namespace Attune.Agent.Session.Spool;

/// <summary>How the spool keeps within its limit: what it gives up, and when the file is written anew.</summary>
sealed partial class Spool
{
    const long EmptyJournalBytesMax = 1 << 20;
    const long CompactSlackBytes = 16 << 20;

    long compactAtBytes = CompactSlackBytes;

    /// <summary>Results count against twice the limit, so that logs can never crowd one out.</summary>
    long HardLimitBytes => limitBytes * 2;

    void MakeRoom(long bytes)
    {
        while (WaitingBytes + bytes > limitBytes && chunks.TryDequeue(out var oldest))
        {
            if (!oldest.IsGone && oldest.DroppedBytes == 0)
                Drop(oldest);
        }
    }

    void Drop(SpooledChunk chunk)
    {
        WaitingBytes -= chunk.Cost;
        chunk.DroppedBytes = chunk.Length;
        DroppedBytes += chunk.Length;
    }

    Finished Fit(Finished result)
    {
        var length = result.CalculateSize();
        MakeRoom(length);
        if (WaitingBytes + length <= HardLimitBytes)
            return result;

        DroppedBytes += length;
        var size = length.ToString("N0", CultureInfo.InvariantCulture);
        return new()
        {
            ExecutionId = result.ExecutionId,
            Attempt = result.Attempt,
            Outcome = result.Outcome == Outcome.Completed ? Outcome.Failed : result.Outcome,
            StartedAt = result.StartedAt,
            FinishedAt = result.FinishedAt,
            LastLogSequence = result.LastLogSequence,
            Error = new()
            {
                Reason = "OUTPUT_TOO_LARGE",
                Message = $"The result of {size} bytes was given up: the agent's spool was full while the control plane was away.",
            },
        };
    }

    void CompactWhenWorthIt()
    {
        if (journal.LengthBytes < compactAtBytes)
            return;

        Compact();
        compactAtBytes = journal.LengthBytes + Math.Max(CompactSlackBytes, limitBytes / 4);
    }

    /// <summary>Writes what still counts to a new file, which then takes the old one's place. On trouble the old one stays.</summary>
    void Compact()
    {
        if (!Flush())
            return;

        var path = journal.Path + ".next";
        File.Delete(path);
        var next = new JournalFile(path);
        var moved = new Dictionary<SpooledChunk, long>();
        var results = new List<(HeldRun Run, long Offset)>();
        try
        {
            foreach (var run in runs.Values)
            {
                CopyHead(next, run);
                foreach (var chunk in run.Logs?.All ?? [])
                    CopyLog(next, chunk, moved);
                if (run.State == HeldState.Finished)
                    results.Add((run, CopyResult(next, run)));
            }

            if (!next.TryFlush(out var trouble))
                throw new IOException(trouble);

            // The rename must not reach the device before the bytes do.
            next.SyncToDevice();
            next.MoveOver(journal.Path);
        }
        catch (IOException failure)
        {
            Trouble = failure.Message;
            next.Dispose();
            File.Delete(path);
            return;
        }

        journal.Dispose();
        journal = next;
        foreach (var (chunk, offset) in moved)
            chunk.Offset = offset;
        foreach (var (run, offset) in results)
            run.Result = run.Result with { Offset = offset };
        chunks = new(chunks.Where(moved.ContainsKey));
    }

    static void CopyHead(JournalFile next, HeldRun run)
    {
        WriteAccepted(next, run);
        if (run.StartedAt != default)
            WriteStarted(next, run);

        var acknowledged = run.Logs?.All.FirstOrDefault()?.Sequence - 1 ?? run.LastSequence;
        BinaryPrimitives.WriteInt64LittleEndian(next.Append(RecordKind.LogsAcknowledged, run.Key, sizeof(long), out _), acknowledged);
        next.Seal(sizeof(long));
    }

    void CopyLog(JournalFile next, SpooledChunk chunk, Dictionary<SpooledChunk, long> moved)
    {
        var dropped = chunk.DroppedBytes > 0;
        var length = sizeof(long) + (dropped ? sizeof(long) : chunk.Length);
        var body = next.Append(dropped ? RecordKind.LogDropped : RecordKind.Log, chunk.Run, length, out var offset);
        BinaryPrimitives.WriteInt64LittleEndian(body, chunk.Sequence);
        if (dropped)
            BinaryPrimitives.WriteInt64LittleEndian(body[sizeof(long)..], chunk.DroppedBytes);
        else
            journal.Read(chunk.Offset, body[sizeof(long)..]);
        next.Seal(length);
        FlushPart(next);
        if (!dropped)
            moved.Add(chunk, offset + sizeof(long));
    }

    long CopyResult(JournalFile next, HeldRun run)
    {
        var body = next.Append(RecordKind.Finished, run.Key, run.Result.Length, out var offset);
        if (run.Result.Message is { } message)
            Google.Protobuf.MessageExtensions.WriteTo(message, body);
        else
            journal.Read(run.Result.Offset, body);
        next.Seal(run.Result.Length);
        FlushPart(next);
        return offset;
    }

    static void FlushPart(JournalFile next)
    {
        if (next.LengthBytes - next.WrittenBytes > 1 << 20 && !next.TryFlush(out var trouble))
            throw new IOException(trouble);
    }
}
