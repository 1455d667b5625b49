using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core;

/// <summary>How a message is written.</summary>
[Flags]
[SuppressMessage("Naming", "CA1711", Justification = "The name is public API of gRPC.")]
public enum WriteFlags
{
    /// <summary>The message may wait in a buffer for the next one, or for the end of the call.</summary>
    BufferHint = 0x1,

    /// <summary>The message goes uncompressed, even where the call compresses.</summary>
    NoCompress = 0x2,
}

/// <summary>Options for the messages that a call, or a stream from then on, writes.</summary>
public class WriteOptions(WriteFlags flags = default)
{
    /// <summary>No flags.</summary>
    public static readonly WriteOptions Default = new();

    public WriteFlags Flags { get; } = flags;
}
