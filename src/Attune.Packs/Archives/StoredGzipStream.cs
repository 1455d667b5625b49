using System.Buffers.Binary;

namespace Attune.Packs.Archives;

/// <summary>Writes gzip (RFC 1952) without compressing: stored blocks of 65,535 bytes and a header without time or system.</summary>
sealed class StoredGzipStream : Stream
{
    const int BlockSize = 65_535;

    static readonly uint[] CrcTable = [.. Enumerable.Range(0, 256).Select(CrcOf)];

    readonly Stream target;
    readonly byte[] block = new byte[BlockSize];
    int filled;
    uint crc = uint.MaxValue;
    uint size;
    bool ended;

    public StoredGzipStream(Stream target)
    {
        this.target = target;
        target.Write([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        foreach (var each in buffer)
            crc = CrcTable[(crc ^ each) & 0xff] ^ (crc >> 8);
        size += (uint)buffer.Length;

        while (buffer.Length > 0)
        {
            if (filled == BlockSize)
                WriteBlock(isLast: false);
            var taken = Math.Min(buffer.Length, BlockSize - filled);
            buffer[..taken].CopyTo(block.AsSpan(filled));
            filled += taken;
            buffer = buffer[taken..];
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    // Nothing may be cut early: where a block ends must depend on the content alone.
    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !ended)
        {
            ended = true;
            WriteBlock(isLast: true);
            Span<byte> trailer = stackalloc byte[8];
            BinaryPrimitives.WriteUInt32LittleEndian(trailer, ~crc);
            BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], size);
            target.Write(trailer);
        }

        base.Dispose(disposing);
    }

    void WriteBlock(bool isLast)
    {
        Span<byte> head = stackalloc byte[5];
        head[0] = isLast ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(head[1..], (ushort)filled);
        BinaryPrimitives.WriteUInt16LittleEndian(head[3..], (ushort)~filled);
        target.Write(head);
        target.Write(block, 0, filled);
        filled = 0;
    }

    static uint CrcOf(int number)
    {
        var remainder = (uint)number;
        for (var bit = 0; bit < 8; bit++)
            remainder = (remainder & 1) == 0 ? remainder >> 1 : 0xedb88320 ^ (remainder >> 1);
        return remainder;
    }
}
