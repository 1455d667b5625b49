namespace Attune.Packs.Archives;

/// <summary>Unpacked bytes on their way in: never more than the limit, and every sign of damage as one exception.</summary>
sealed class CountedStream(Stream inner) : Stream
{
    long count;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => count;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.Length == 0)
            return 0;

        try
        {
            return Counted(inner.Read(buffer));
        }
        catch (InvalidDataException exception)
        {
            throw Damaged(exception);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0)
            return 0;

        try
        {
            return Counted(await inner.ReadAsync(buffer, cancellationToken));
        }
        catch (InvalidDataException exception)
        {
            throw Damaged(exception);
        }
    }

    /// <summary>Reads on behind the end of the tar to the end of the stream, where gzip has its checksum.</summary>
    public void Finish()
    {
        Span<byte> rest = stackalloc byte[4096];
        try
        {
            while (inner.Read(rest) is > 0 and var read)
                Counted(read);
        }
        catch (InvalidDataException exception)
        {
            throw Damaged(exception);
        }
    }

    public static PackArchiveException Damaged(Exception exception) => new($"The archive is damaged or is no tar.gz: {exception.Message}");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    int Counted(int read)
    {
        count += read;
        // A tar ends with two empty blocks, so whoever still reads at the end of the stream has only a part of one.
        if (read == 0)
            throw new PackArchiveException("The archive ends too early.");

        return count <= PackFiles.MaxBytes ? read : throw PackFiles.TooLarge();
    }
}
