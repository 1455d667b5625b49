using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Attune.Agent.Session.Spool;

enum RecordKind : byte
{
    /// <summary>Body: the action's ref, UTF-8.</summary>
    Accepted = 1,

    /// <summary>Body: UTC ticks.</summary>
    Started = 2,

    /// <summary>Body: the chunk's sequence, then a LogChunk message.</summary>
    Log = 3,

    /// <summary>Body: a Finished message.</summary>
    Finished = 4,

    /// <summary>Body: the sequence up to which output is acknowledged.</summary>
    LogsAcknowledged = 5,

    /// <summary>Body: the chunk's sequence and how many bytes were given up.</summary>
    LogDropped = 6,

    /// <summary>The attempt's end is acknowledged, or it is no longer this agent's.</summary>
    Forgotten = 7,
}

/// <summary>
/// Layout, little-endian: length of what follows the checksum (4 bytes), its CRC-32C (4), kind (1), execution id (8), attempt (4), body.
/// </summary>
static class JournalRecord
{
    public const int PrefixBytes = 8;
    public const int HeadBytes = PrefixBytes + 13;

    /// <summary>Far above any message the agent handles; a larger length is damage.</summary>
    public const int BytesMax = 64 << 20;

    public static void WriteHead(Span<byte> record, RecordKind kind, RunKey key)
    {
        BinaryPrimitives.WriteInt32LittleEndian(record, record.Length - PrefixBytes);
        record[8] = (byte)kind;
        BinaryPrimitives.WriteInt64LittleEndian(record[9..], key.ExecutionId);
        BinaryPrimitives.WriteInt32LittleEndian(record[17..], key.Attempt);
    }

    public static void Seal(Span<byte> record)
        => BinaryPrimitives.WriteUInt32LittleEndian(record[4..], Checksum(record[PrefixBytes..]));

    public static int LengthOf(ReadOnlySpan<byte> prefix) => BinaryPrimitives.ReadInt32LittleEndian(prefix);

    public static bool IsIntact(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> rest)
        => BinaryPrimitives.ReadUInt32LittleEndian(prefix[4..]) == Checksum(rest);

    public static (RecordKind Kind, RunKey Key) ReadHead(ReadOnlySpan<byte> rest) => (
        (RecordKind)rest[0],
        new(BinaryPrimitives.ReadInt64LittleEndian(rest[1..]), BinaryPrimitives.ReadInt32LittleEndian(rest[9..])));

    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
            crc = BitOperations.Crc32C(crc, word);
        foreach (var last in bytes[(words.Length * 8)..])
            crc = BitOperations.Crc32C(crc, last);
        return ~crc;
    }
}
