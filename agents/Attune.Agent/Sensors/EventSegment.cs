using System.Buffers.Binary;
using System.Globalization;
using Attune.Agent.Session.Spool;
using Attune.V1;
using Google.Protobuf;
using Microsoft.Win32.SafeHandles;

namespace Attune.Agent.Sensors;

/// <summary>
/// One file of the buffer, written at its end only and named by its first sequence. A record, little-endian: length of what follows the
/// checksum (4 bytes), its CRC-32C (4), sequence (8), a SensorEvent message.
/// </summary>
sealed class EventSegment : IDisposable
{
    public const int HeadBytes = 16;
    const int PrefixBytes = 8;
    const string Extension = ".events";

    readonly SafeFileHandle file;

    EventSegment(string path, long first, FileMode mode)
    {
        (Path, First) = (path, first);
        file = File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
    }

    public string Path { get; }

    public long First { get; }

    /// <summary>Bytes of whole records that have reached the device.</summary>
    public long Length { get; private set; }

    public static EventSegment Create(string directory, long first)
        => new(System.IO.Path.Combine(directory, first.ToString("D19", CultureInfo.InvariantCulture) + Extension), first, FileMode.CreateNew);

    /// <summary>Those of the folder, the oldest first.</summary>
    public static IEnumerable<EventSegment> OpenAll(string directory)
        => Directory.EnumerateFiles(directory, "*" + Extension)
            .Select(path => (Path: path, IsOurs: long.TryParse(
                System.IO.Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var first), First: first))
            .Where(each => each.IsOurs)
            .OrderBy(each => each.First)
            .Select(each => new EventSegment(each.Path, each.First, FileMode.Open));

    /// <summary>What <see cref="Append"/> takes. The sequence is in the head only.</summary>
    public static int Encode(SensorEvent each, long sequence, ref byte[] buffer, int at)
    {
        var length = each.CalculateSize();
        var record = HeadBytes + length;
        if (buffer.Length - at < record)
            Array.Resize(ref buffer, Math.Max(buffer.Length * 2, at + record));

        var bytes = buffer.AsSpan(at, record);
        BinaryPrimitives.WriteInt32LittleEndian(bytes, record - PrefixBytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[PrefixBytes..], sequence);
        each.WriteTo(bytes[HeadBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], JournalRecord.Checksum(bytes[PrefixBytes..]));
        return record;
    }

    /// <summary>Length of the whole record that begins there, and its sequence.</summary>
    public static (int Length, long Sequence) ReadHead(ReadOnlySpan<byte> head)
        => (BinaryPrimitives.ReadInt32LittleEndian(head) + PrefixBytes, BinaryPrimitives.ReadInt64LittleEndian(head[PrefixBytes..]));

    /// <summary>With one write and one sync. Throws <see cref="IOException"/> when the device took nothing; then the segment is as before.</summary>
    public void Append(ReadOnlySpan<byte> records)
    {
        try
        {
            RandomAccess.Write(file, records, Length);
            RandomAccess.FlushToDisk(file);
            Length += records.Length;
        }
        catch
        {
            // What was half written must not be taken for records by the next start.
            RandomAccess.SetLength(file, Length);
            throw;
        }
    }

    /// <summary>Fewer bytes only at the end of what is whole.</summary>
    public int Read(long offset, Span<byte> bytes)
        => RandomAccess.Read(file, bytes[..(int)Math.Min(bytes.Length, Length - offset)], offset);

    /// <summary>
    /// Finds the whole records, up to the first damaged one, and tells each with the offset of its end. What follows is left in the file,
    /// so that the next start sees it too.
    /// </summary>
    /// <returns>How many bytes follow the last whole record.</returns>
    public long Recover(Action<long, long> found)
    {
        var all = RandomAccess.GetLength(file);
        var buffer = new byte[1 << 20];
        Length = 0;
        while (all - Length >= HeadBytes)
        {
            var filled = RandomAccess.Read(file, buffer, Length);
            var whole = 0;
            while (Whole(buffer.AsSpan(whole, filled - whole)) is var length && length > 0)
            {
                found(ReadHead(buffer.AsSpan(whole)).Sequence, Length + whole + length);
                whole += length;
            }

            Length += whole;
            if (whole > 0)
                continue;

            // Longer than the buffer, or damaged.
            var (needed, _) = ReadHead(buffer);
            if (needed <= buffer.Length || needed > all - Length)
                break;
            buffer = new byte[needed];
        }

        return all - Length;
    }

    // The length of the record that is there whole and intact; 0 when none is.
    static int Whole(ReadOnlySpan<byte> bytes)
        => bytes.Length >= HeadBytes && ReadHead(bytes).Length is var length && length >= HeadBytes && length <= bytes.Length
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) == JournalRecord.Checksum(bytes[PrefixBytes..length])
                ? length
                : 0;

    public void Delete()
    {
        Dispose();
        File.Delete(Path);
    }

    public void Dispose() => file.Dispose();
}
