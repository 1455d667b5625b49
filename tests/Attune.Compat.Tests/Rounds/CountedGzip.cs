using System.IO.Compression;
using Grpc.Net.Compression;

namespace Attune.Compat.Tests.Rounds;

/// <summary>gzip that counts the messages it is used for.</summary>
sealed class CountedGzip : ICompressionProvider
{
    readonly GzipCompressionProvider gzip = new(CompressionLevel.Fastest);
    int compressed;
    int decompressed;

    public int Compressed => Volatile.Read(ref compressed);

    public int Decompressed => Volatile.Read(ref decompressed);

    public string EncodingName => gzip.EncodingName;

    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel)
    {
        Interlocked.Increment(ref compressed);
        return gzip.CreateCompressionStream(stream, compressionLevel);
    }

    public Stream CreateDecompressionStream(Stream stream)
    {
        Interlocked.Increment(ref decompressed);
        return gzip.CreateDecompressionStream(stream);
    }
}
