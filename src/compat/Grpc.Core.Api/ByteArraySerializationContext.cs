using System.Buffers;

namespace Grpc.Core;

sealed class ByteArraySerializationContext : SerializationContext
{
    ArrayBufferWriter<byte>? writer;
    byte[]? completed;

    public override void Complete(byte[] payload)
    {
        if (writer is not null)
            throw new InvalidOperationException("The message was begun in the buffer writer.");

        CompleteOnce(payload);
    }

    public override IBufferWriter<byte> GetBufferWriter() => completed is null
        ? writer ??= new()
        : throw new InvalidOperationException("The message is complete.");

    public override void Complete()
    {
        if (writer is null)
            throw new InvalidOperationException("Nothing was written to the buffer writer.");

        CompleteOnce(writer.WrittenSpan.ToArray());
    }

    public byte[] ToPayload() => completed ?? throw new InvalidOperationException("The serializer did not complete the message.");

    void CompleteOnce(byte[] payload)
        => completed = completed is null ? payload : throw new InvalidOperationException("The message is complete.");
}
