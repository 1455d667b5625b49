using System.Buffers;

namespace Grpc.Core;

/// <summary>
/// Where a marshaller puts the bytes of one message: either all at once by <see cref="Complete(byte[])"/>,
/// or into <see cref="GetBufferWriter"/>, finished by <see cref="Complete()"/>.
/// </summary>
public abstract class SerializationContext
{
    /// <summary>Ends the message, which is <paramref name="payload"/>. It must not change afterwards.</summary>
    public virtual void Complete(byte[] payload) => throw new NotImplementedException();

    /// <summary>Every call returns the same writer.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotImplementedException();

    /// <summary>
    /// An optional promise of the exact length in bytes, made before <see cref="GetBufferWriter"/>; it saves copies.
    /// </summary>
    public virtual void SetPayloadLength(int payloadLength)
    {
    }

    /// <summary>Ends the message, which is what the buffer writer got.</summary>
    public virtual void Complete() => throw new NotImplementedException();
}
