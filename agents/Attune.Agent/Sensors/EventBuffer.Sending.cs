using System.Buffers.Binary;
using Attune.V1;
using Microsoft.Win32.SafeHandles;

namespace Attune.Agent.Sensors;

/// <summary>The sender's side: in order, a bounded number ahead of the acknowledgements, from the first unacknowledged one on each stream.</summary>
sealed partial class EventBuffer
{
    const int InFlightMax = 1000;
    const int InFlightBytesMax = 1 << 20;
    const int ChunkBytes = 256 << 10;

    readonly SafeFileHandle acknowledgedFile;
    readonly Queue<SentEvent> inFlight = new();

    // Acknowledged up to here: an offset in the first segment.
    long acknowledgedOffset;

    // The next to be sent.
    int cursor;
    long cursorOffset;
    long inFlightBytes;

    // Of the newest segment: its length changes outside of the gate.
    long readable;

    byte[] chunk = new byte[ChunkBytes];
    EventSegment? chunkOf;
    long chunkAt;
    int chunkLength;

    /// <summary>Null when there is nothing to send now, it has more than so many bytes, or enough is in flight.</summary>
    public SensorEvent? Next(int bytesMax, out int bytes)
    {
        lock (gate)
        {
            bytes = 0;
            while (cursor < segments.Count - 1 && cursorOffset >= segments[cursor].Length)
                (cursor, cursorOffset) = (cursor + 1, 0);
            if (cursor >= segments.Count || cursorOffset >= EndOf(cursor) || inFlight.Count >= InFlightMax)
                return null;

            var (length, sequence) = EventSegment.ReadHead(Chunk(EventSegment.HeadBytes));
            if (length > bytesMax || (inFlight.Count > 0 && inFlightBytes + length > InFlightBytesMax))
                return null;

            var next = SensorEvent.Parser.ParseFrom(Chunk(length)[EventSegment.HeadBytes..]);
            next.Sequence = sequence;
            cursorOffset += length;
            inFlightBytes += length;
            inFlight.Enqueue(new(sequence, next.SensorRef, segments[cursor], cursorOffset, length));
            bytes = length;
            return next;
        }
    }

    /// <summary>A new stream: everything unacknowledged is to be sent again.</summary>
    public void Rewind()
    {
        lock (gate)
        {
            inFlight.Clear();
            (inFlightBytes, cursor, cursorOffset) = (0, 0, acknowledgedOffset);
        }
    }

    /// <summary>Returns what the acknowledgement covers of the present stream, in order.</summary>
    public IReadOnlyList<SentEvent> Acknowledge(long throughSequence)
    {
        var covered = new List<SentEvent>();
        lock (gate)
        {
            while (inFlight.TryPeek(out var sent) && sent.Sequence <= throughSequence)
            {
                covered.Add(inFlight.Dequeue());
                inFlightBytes -= sent.Bytes;
                WaitingBytes -= sent.Bytes;
                WaitingEvents--;
            }

            if (covered.Count == 0)
                return covered;

            WriteAcknowledged(covered[^1].Sequence);
            DropSegments(segments.IndexOf(covered[^1].Segment));
            acknowledgedOffset = covered[^1].End;
            DropAcknowledged();
            hasSaidFull &= WaitingBytes > limitBytes / 2;
            room?.TrySetResult();
        }

        return covered;
    }

    long EndOf(int index) => segments[index] == open ? readable : segments[index].Length;

    ReadOnlySpan<byte> Chunk(int length)
    {
        var segment = segments[cursor];
        if (chunkOf != segment || cursorOffset < chunkAt || cursorOffset + length > chunkAt + chunkLength)
        {
            if (chunk.Length < length)
                chunk = new byte[length];
            (chunkOf, chunkAt) = (segment, cursorOffset);
            chunkLength = segment.Read(cursorOffset, chunk.AsSpan(0, (int)Math.Min(chunk.Length, EndOf(cursor) - cursorOffset)));
        }

        return chunk.AsSpan((int)(cursorOffset - chunkAt), length);
    }

    // The newest one stays, whatever is acknowledged: its name is how the next start knows which sequences are used.
    void DropAcknowledged()
    {
        var end = 0;
        while (end < segments.Count - 1 && acknowledgedOffset >= segments[end].Length)
            (end, acknowledgedOffset) = (end + 1, 0);
        DropSegments(end);
    }

    void DropSegments(int count)
    {
        if (count == 0)
            return;

        foreach (var segment in segments.Take(count))
            segment.Delete();
        segments.RemoveRange(0, count);
        (cursor, cursorOffset) = cursor >= count ? (cursor - count, cursorOffset) : (0, 0);
    }

    // With its complement, so that half a write is no number. Not synced: what is said twice is recognised by its sequence.
    void WriteAcknowledged(long sequence)
    {
        Span<byte> bytes = stackalloc byte[2 * sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, sequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[sizeof(long)..], ~sequence);
        try
        {
            RandomAccess.Write(acknowledgedFile, bytes, 0);
        }
        catch (IOException)
        {
            // A full disk: after a restart more is said twice.
        }
    }

    long ReadAcknowledged()
    {
        Span<byte> bytes = stackalloc byte[2 * sizeof(long)];
        bytes.Clear();
        _ = RandomAccess.Read(acknowledgedFile, bytes, 0);
        var sequence = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes[sizeof(long)..]) == ~sequence && sequence > 0 ? sequence : 0;
    }
}

/// <summary>In flight on the present stream.</summary>
readonly record struct SentEvent(long Sequence, string SensorRef, EventSegment Segment, long End, int Bytes);
