using Microsoft.Win32.SafeHandles;

namespace Attune.Agent.Session.Spool;

/// <summary>
/// An append-only file. Records gather in memory and reach the file with one write for each <see cref="TryFlush"/>. Nothing is
/// synced to the device: the kernel keeps what was written when the process is killed; only a machine that loses power loses it.
/// </summary>
sealed class JournalFile : IDisposable
{
    const int KeptBufferBytes = 1 << 20;

    readonly SafeFileHandle file;
    byte[] buffer = new byte[16 << 10];
    int buffered;

    public JournalFile(string path)
    {
        Path = path;
        if (!File.Exists(path))
            new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }).Dispose();
        file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
        WrittenBytes = RandomAccess.GetLength(file);
    }

    public string Path { get; private set; }

    public long WrittenBytes { get; private set; }

    public long LengthBytes => WrittenBytes + buffered;

    /// <summary>The body's bytes, to be filled before <see cref="Seal"/>; <paramref name="offset"/> is where they will be in the file.</summary>
    public Span<byte> Append(RecordKind kind, RunKey key, int bodyBytes, out long offset)
    {
        var recordBytes = JournalRecord.HeadBytes + bodyBytes;
        if (buffer.Length - buffered < recordBytes)
            Array.Resize(ref buffer, Math.Max(buffer.Length * 2, buffered + recordBytes));

        var record = buffer.AsSpan(buffered, recordBytes);
        JournalRecord.WriteHead(record, kind, key);
        offset = LengthBytes + JournalRecord.HeadBytes;
        return record[JournalRecord.HeadBytes..];
    }

    /// <summary>Ends the record that <see cref="Append"/> began.</summary>
    public void Seal(int bodyBytes)
    {
        var recordBytes = JournalRecord.HeadBytes + bodyBytes;
        JournalRecord.Seal(buffer.AsSpan(buffered, recordBytes));
        buffered += recordBytes;
    }

    /// <summary>False: the disk took nothing (full, read-only), the file is as before and what was gathered is gone.</summary>
    public bool TryFlush(out string trouble)
    {
        trouble = "";
        if (buffered == 0)
            return true;

        try
        {
            RandomAccess.Write(file, buffer.AsSpan(0, buffered), WrittenBytes);
            WrittenBytes += buffered;
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            trouble = failure.Message;
            Truncate(WrittenBytes);
            return false;
        }
        finally
        {
            buffered = 0;
            if (buffer.Length > KeptBufferBytes)
                buffer = new byte[16 << 10];
        }
    }

    public void Read(long offset, Span<byte> bytes)
    {
        if (RandomAccess.Read(file, bytes, offset) != bytes.Length)
            throw new EndOfStreamException($"{Path} is shorter than it was.");
    }

    /// <summary>Cuts the file there and forgets what was gathered.</summary>
    public void Truncate(long length)
    {
        buffered = 0;
        WrittenBytes = length;
        try
        {
            RandomAccess.SetLength(file, length);
        }
        catch (IOException)
        {
            // The next write begins at the same place, and its checksum decides what counts.
        }
    }

    /// <summary>Takes the place of the file there, which may be open.</summary>
    public void MoveOver(string path)
    {
        File.Move(Path, path, overwrite: true);
        Path = path;
    }

    public void SyncToDevice() => RandomAccess.FlushToDisk(file);

    public void Dispose() => file.Dispose();
}
