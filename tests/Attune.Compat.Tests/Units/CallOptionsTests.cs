using Grpc.Core;

namespace Attune.Compat.Tests.Units;

public sealed class CallOptionsTests
{
    static readonly Metadata Headers = [];
    static readonly DateTime Deadline = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    static readonly WriteOptions Writing = new(WriteFlags.NoCompress);
    static readonly CallCredentials Credentials = CallCredentials.FromInterceptor((_, _) => Task.CompletedTask);

    [Fact]
    public void Nothing_is_set_until_it_is_set()
    {
        foreach (var options in new[] { default, new CallOptions(), new CallOptions(headers: null) })
        {
            Assert.Null(options.Headers);
            Assert.Null(options.Deadline);
            Assert.Equal(CancellationToken.None, options.CancellationToken);
            Assert.Null(options.WriteOptions);
            Assert.Null(options.PropagationToken);
            Assert.Null(options.Credentials);
            Assert.False(options.IsWaitForReady);
        }
    }

    [Fact]
    public void The_constructor_and_the_withs_say_the_same()
    {
        using var source = new CancellationTokenSource();
        var constructed = new CallOptions(Headers, Deadline, source.Token, Writing, null, Credentials);
        var built = new CallOptions()
            .WithHeaders(Headers)
            .WithDeadline(Deadline)
            .WithCancellationToken(source.Token)
            .WithWriteOptions(Writing)
            .WithPropagationToken(null!)
            .WithCredentials(Credentials);

        Assert.Equal(constructed, built);
        Assert.Same(Headers, built.Headers);
        Assert.Equal(Deadline, built.Deadline);
        Assert.Equal(source.Token, built.CancellationToken);
        Assert.Same(Writing, built.WriteOptions);
        Assert.Same(Credentials, built.Credentials);
        Assert.NotEqual(constructed, built.WithWaitForReady());
        Assert.Equal(constructed, built.WithWaitForReady().WithWaitForReady(false));
    }

    [Fact]
    public void A_with_copies_and_keeps_the_rest()
    {
        var before = new CallOptions(Headers, Deadline).WithWaitForReady();

        var after = before.WithDeadline(DateTime.MaxValue);

        Assert.Equal(Deadline, before.Deadline);
        Assert.Equal(DateTime.MaxValue, after.Deadline);
        Assert.Same(Headers, after.Headers);
        Assert.True(after.IsWaitForReady);
    }

    [Fact]
    public void Propagation_takes_everything_along_unless_told()
    {
        Assert.True(ContextPropagationOptions.Default is { IsPropagateDeadline: true, IsPropagateCancellation: true });
        var neither = new ContextPropagationOptions(propagateDeadline: false, propagateCancellation: false);
        Assert.True(neither is { IsPropagateDeadline: false, IsPropagateCancellation: false });
    }

    [Fact]
    public void Writing_has_no_flags_by_default()
    {
        Assert.Equal(default, WriteOptions.Default.Flags);
        Assert.Equal(WriteFlags.NoCompress | WriteFlags.BufferHint, (WriteFlags)3);
    }
}
