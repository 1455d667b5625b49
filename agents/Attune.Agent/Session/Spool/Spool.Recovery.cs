using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Attune.V1;

namespace Attune.Agent.Session.Spool;

/// <summary>Reading a spool that an earlier process left.</summary>
sealed partial class Spool
{
    Spool(string directory, long limitBytes, string id)
    {
        this.limitBytes = limitBytes;
        Id = id;
        journal = new(Path.Combine(directory, "journal"));
    }

    /// <summary>
    /// Reads the folder's journal up to its first damaged record, which is where a killed process was writing, and cuts it there.
    /// Throws <see cref="IOException"/> when the folder cannot be used.
    /// </summary>
    public static Spool Open(string directory, long limitBytes)
    {
        Directory.CreateDirectory(directory);
        var idFile = Path.Combine(directory, "id");
        if (!File.Exists(idFile) || File.ReadAllText(idFile) is not { Length: 32 } id)
        {
            id = Guid.NewGuid().ToString("N");
            File.WriteAllText(idFile + ".next", id);
            File.Move(idFile + ".next", idFile, overwrite: true);
        }

        var spool = new Spool(directory, limitBytes, id);
        spool.Recover();
        return spool;
    }

    void Recover()
    {
        using (var file = new FileStream(journal.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1 << 16))
        {
            var intact = 0L;
            while (TryReadRecord(file, out var rest))
            {
                Replay(rest, intact + JournalRecord.HeadBytes);
                intact += JournalRecord.PrefixBytes + rest.Length;
            }

            if (intact < file.Length)
                journal.Truncate(intact);
        }

        MakeRoom(0);
        compactAtBytes = Math.Max(CompactSlackBytes, WaitingBytes + (WaitingBytes / 4));
        CompactWhenWorthIt();
    }

    static bool TryReadRecord(FileStream file, [NotNullWhen(true)] out byte[]? rest)
    {
        rest = null;
        Span<byte> prefix = stackalloc byte[JournalRecord.PrefixBytes];
        if (file.ReadAtLeast(prefix, prefix.Length, throwOnEndOfStream: false) < prefix.Length)
            return false;

        var length = JournalRecord.LengthOf(prefix);
        if (length < JournalRecord.HeadBytes - JournalRecord.PrefixBytes || length > JournalRecord.BytesMax || length > file.Length - file.Position)
            return false;

        var bytes = new byte[length];
        file.ReadExactly(bytes);
        if (!JournalRecord.IsIntact(prefix, bytes))
            return false;

        rest = bytes;
        return true;
    }

    void Replay(byte[] record, long bodyOffset)
    {
        var (kind, key) = JournalRecord.ReadHead(record);
        var body = record.AsSpan(JournalRecord.HeadBytes - JournalRecord.PrefixBytes);
        if (kind == RecordKind.Forgotten)
        {
            if (runs.Remove(key, out var forgotten))
            {
                WaitingBytes -= forgotten.Result.Length;
                foreach (var chunk in forgotten.Logs?.All ?? [])
                    Remove(chunk);
            }

            return;
        }

        if (!runs.TryGetValue(key, out var run))
            runs.Add(key, run = new(key, ""));
        switch (kind)
        {
            case RecordKind.Accepted:
                run.ActionRef = Encoding.UTF8.GetString(body);
                break;
            case RecordKind.Started:
                run.State = HeldState.Running;
                run.StartedAt = new(BinaryPrimitives.ReadInt64LittleEndian(body), TimeSpan.Zero);
                break;
            case RecordKind.Log:
                Index(run, new(key, BinaryPrimitives.ReadInt64LittleEndian(body))
                {
                    Offset = bodyOffset + sizeof(long),
                    Length = body.Length - sizeof(long),
                });
                break;
            case RecordKind.LogDropped:
                var dropped = (int)BinaryPrimitives.ReadInt64LittleEndian(body[sizeof(long)..]);
                Index(run, new(key, BinaryPrimitives.ReadInt64LittleEndian(body)) { Length = dropped, DroppedBytes = dropped });
                break;
            case RecordKind.LogsAcknowledged:
                var through = BinaryPrimitives.ReadInt64LittleEndian(body);
                run.LastSequence = Math.Max(run.LastSequence, through);
                foreach (var chunk in run.Logs?.RemoveThrough(through) ?? [])
                    Remove(chunk);
                break;
            case RecordKind.Finished:
                WaitingBytes += body.Length - run.Result.Length;
                run.State = HeldState.Finished;
                run.Result = new(bodyOffset, body.Length, null);
                break;
        }
    }
}
