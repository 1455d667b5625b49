using System.Buffers;

namespace Attune.Agent.Sensors;

/// <summary><paramref name="isCut"/>: the line was longer than allowed, and only its beginning is here.</summary>
delegate void TakeLine(ReadOnlySpan<byte> line, bool isCut);

/// <summary>Makes lines of pieces. Of a line that is too long the beginning is given, the rest skipped, so memory is bounded.</summary>
sealed class LineCutter(int bytesMax, TakeLine take)
{
    const int KeptBytes = 64 << 10;

    ArrayBufferWriter<byte> carried = new();
    bool isSkipping;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
        {
            if (carried.WrittenCount == 0 && !isSkipping && end <= bytesMax)
                take(bytes[..end], isCut: false);
            else
                Carry(bytes[..end], isEnd: true);
            bytes = bytes[(end + 1)..];
        }

        if (!bytes.IsEmpty)
            Carry(bytes, isEnd: false);
    }

    /// <summary>What had no line end at the end.</summary>
    public void Complete()
    {
        if (carried.WrittenCount > 0)
            Carry([], isEnd: true);
    }

    void Carry(ReadOnlySpan<byte> bytes, bool isEnd)
    {
        var room = bytesMax - carried.WrittenCount;
        carried.Write(bytes[..Math.Min(bytes.Length, room)]);
        isSkipping |= bytes.Length > room;
        if (!isEnd)
            return;

        take(carried.WrittenSpan, isSkipping);
        isSkipping = false;
        if (carried.Capacity > KeptBytes)
            carried = new();
        else
            carried.ResetWrittenCount();
    }
}
