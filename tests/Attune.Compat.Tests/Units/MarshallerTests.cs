using System.Buffers;
using System.Text;
using Grpc.Core;

namespace Attune.Compat.Tests.Units;

public sealed class MarshallerTests
{
    [Theory]
    [InlineData("")]
    [InlineData("grüße 🚀")]
    public void Text_is_utf8_by_bytes_and_by_context(string text)
    {
        var marshaller = Marshallers.StringMarshaller;
        var context = new Sent();
        marshaller.ContextualSerializer(text, context);

        Assert.Equal(Encoding.UTF8.GetBytes(text), context.Payload);
        Assert.Equal(Encoding.UTF8.GetBytes(text), marshaller.Serializer(text));
        Assert.Equal(text, marshaller.Deserializer(marshaller.Serializer(text)));
        Assert.Equal(text, marshaller.ContextualDeserializer(new Received(Encoding.UTF8.GetBytes(text))));
    }

    [Fact]
    public void A_contextual_marshaller_serves_by_bytes_too()
    {
        var marshaller = Marshallers.Create<string>(
            (text, context) =>
            {
                context.SetPayloadLength(text.Length);
                context.GetBufferWriter().Write(Encoding.ASCII.GetBytes(text[..1]));
                context.GetBufferWriter().Write(Encoding.ASCII.GetBytes(text[1..]));
                context.Complete();
            },
            context => $"{context.PayloadLength}:{Encoding.ASCII.GetString(context.PayloadAsReadOnlySequence())}");

        Assert.Equal("abc"u8.ToArray(), marshaller.Serializer("abc"));
        Assert.Equal("3:abc", marshaller.Deserializer("abc"u8.ToArray()));
    }

    [Fact]
    public void A_contextual_marshaller_may_hand_over_a_whole_array_and_gets_its_own()
    {
        byte[] received = [1, 2];
        var marshaller = Marshallers.Create<byte[]>((bytes, context) => context.Complete(bytes), context =>
        {
            var own = context.PayloadAsNewBuffer();
            own[0] = 9;
            return own;
        });

        Assert.Equal([5], marshaller.Serializer([5]));
        Assert.Equal([9, 2], marshaller.Deserializer(received));
        Assert.Equal([1, 2], received);
    }

    public static TheoryData<Action<SerializationContext>> BrokenSerializers =>
    [
        _ => { },
        context => context.GetBufferWriter(),
        context => context.Complete(),
        context => { context.Complete([1]); context.Complete([1]); },
        context => { context.Complete([1]); context.GetBufferWriter(); },
        context => { context.GetBufferWriter(); context.Complete([1]); },
        context => { context.GetBufferWriter(); context.Complete(); context.Complete(); },
    ];

    [Theory]
    [MemberData(nameof(BrokenSerializers))]
    public void A_serializer_that_does_not_end_its_message_once_is_told(Action<SerializationContext> serialize)
    {
        var marshaller = Marshallers.Create<string>((_, context) => serialize(context), _ => "");

        Assert.Throws<InvalidOperationException>(() => marshaller.Serializer("x"));
    }

    [Fact]
    public void What_a_marshaller_throws_reaches_its_caller()
    {
        var marshaller = new Marshaller<string>(
            new Func<string, byte[]>(_ => throw new FormatException()),
            _ => throw new FormatException());

        Assert.Throws<FormatException>(() => marshaller.Serializer(""));
        Assert.Throws<FormatException>(() => marshaller.ContextualSerializer("", new Sent()));
        Assert.Throws<FormatException>(() => marshaller.Deserializer([]));
        Assert.Throws<FormatException>(() => marshaller.ContextualDeserializer(new Received([])));
    }

    [Fact]
    public void Both_functions_are_needed()
    {
        Assert.Throws<ArgumentNullException>(() => new Marshaller<string>(null!, Encoding.UTF8.GetString));
        Assert.Throws<ArgumentNullException>(() => new Marshaller<string>(Encoding.UTF8.GetBytes, null!));
        Assert.Throws<ArgumentNullException>(() => Marshallers.Create<string>(null!, (DeserializationContext _) => ""));
    }

    [Fact]
    public void A_context_does_only_what_its_implementation_can()
    {
        var sending = new Incapable();
        sending.SetPayloadLength(1);
        Assert.Throws<NotImplementedException>(sending.Complete);
        Assert.Throws<NotImplementedException>(() => sending.Complete([]));
        Assert.Throws<NotImplementedException>(() => sending.GetBufferWriter());
        Assert.Throws<NotImplementedException>(() => new Unreadable().PayloadAsNewBuffer());
        Assert.Throws<NotImplementedException>(() => new Unreadable().PayloadAsReadOnlySequence());
    }

    sealed class Sent : SerializationContext
    {
        public byte[]? Payload { get; private set; }

        public override void Complete(byte[] payload) => Payload = payload;
    }

    sealed class Received(byte[] payload) : DeserializationContext
    {
        public override int PayloadLength => payload.Length;

        public override byte[] PayloadAsNewBuffer() => payload;
    }

    sealed class Incapable : SerializationContext;

    sealed class Unreadable : DeserializationContext
    {
        public override int PayloadLength => 0;
    }
}
