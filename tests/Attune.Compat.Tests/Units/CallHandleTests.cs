using Attune.Compat.Tests.Rounds;
using Grpc.Core;

namespace Attune.Compat.Tests.Units;

/// <summary>The four kinds of call, made by hand in both forms, as interceptors and test doubles make them.</summary>
public sealed class CallHandleTests
{
    static readonly Metadata Headers = new() { { "in", "headers" } };
    static readonly Metadata Trailers = new() { { "in", "trailers" } };
    static readonly Status Ended = new(StatusCode.DataLoss, "x");

    readonly List<object> disposed = [];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_unary_call_forwards(bool withState)
    {
        var response = Task.FromResult(new Note { Text = "r" });
        var call = withState
            ? new AsyncUnaryCall<Note>(response, HeadersOf, StatusOf, TrailersOf, disposed.Add, "state")
            : new AsyncUnaryCall<Note>(response, Task.FromResult(Headers), () => Ended, () => Trailers, () => disposed.Add("state"));

        Assert.Equal("r", (await call).Text);
        Assert.Equal("r", (await call.ConfigureAwait(false)).Text);
        Assert.Same(response, call.ResponseAsync);
        await ForwardsAsync(call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_streaming_call_forwards(bool withState)
    {
        var (writer, response) = (new Unwritable(), Task.FromResult(new Note { Text = "r" }));
        var call = withState
            ? new AsyncClientStreamingCall<Note, Note>(writer, response, HeadersOf, StatusOf, TrailersOf, disposed.Add, "state")
            : new AsyncClientStreamingCall<Note, Note>(
                writer, response, Task.FromResult(Headers), () => Ended, () => Trailers, () => disposed.Add("state"));

        Assert.Equal("r", (await call).Text);
        Assert.Equal("r", (await call.ConfigureAwait(false)).Text);
        Assert.Same(writer, call.RequestStream);
        await ForwardsAsync(call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_streaming_call_forwards(bool withState)
    {
        var reader = new Unreadable();
        var call = withState
            ? new AsyncServerStreamingCall<Note>(reader, HeadersOf, StatusOf, TrailersOf, disposed.Add, "state")
            : new AsyncServerStreamingCall<Note>(
                reader, Task.FromResult(Headers), () => Ended, () => Trailers, () => disposed.Add("state"));

        Assert.Same(reader, call.ResponseStream);
        await ForwardsAsync(call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_duplex_call_forwards(bool withState)
    {
        var (writer, reader) = (new Unwritable(), new Unreadable());
        var call = withState
            ? new AsyncDuplexStreamingCall<Note, Note>(writer, reader, HeadersOf, StatusOf, TrailersOf, disposed.Add, "state")
            : new AsyncDuplexStreamingCall<Note, Note>(
                writer, reader, Task.FromResult(Headers), () => Ended, () => Trailers, () => disposed.Add("state"));

        Assert.Same(writer, call.RequestStream);
        Assert.Same(reader, call.ResponseStream);
        await ForwardsAsync(call.ResponseHeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    [Fact]
    public async Task A_writer_that_knows_no_tokens_refuses_those_that_could_be_cancelled()
    {
        IAsyncStreamWriter<Note> writer = new Unwritable();
        using var source = new CancellationTokenSource();

        await writer.WriteAsync(new(), CancellationToken.None);
        await Assert.ThrowsAsync<NotSupportedException>(() => writer.WriteAsync(new(), source.Token));
    }

    [Fact]
    public void Reading_all_of_null_is_refused_at_once()
        => Assert.Throws<ArgumentNullException>(() => ((IAsyncStreamReader<Note>)null!).ReadAllAsync());

    static Task<Metadata> HeadersOf(object state) => Task.FromResult(state is "state" ? Headers : []);

    static Status StatusOf(object state) => state is "state" ? Ended : default;

    static Metadata TrailersOf(object state) => state is "state" ? Trailers : [];

    async Task ForwardsAsync(Task<Metadata> headers, Func<Status> status, Func<Metadata> trailers, Action dispose)
    {
        Assert.Same(Headers, await headers);
        Assert.Equal(Ended, status());
        Assert.Same(Trailers, trailers());
        Assert.Empty(disposed);
        dispose();
        Assert.Equal(["state"], disposed);
    }

    sealed class Unwritable : IClientStreamWriter<Note>
    {
        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(Note message) => Task.CompletedTask;

        public Task CompleteAsync() => Task.CompletedTask;
    }

    sealed class Unreadable : IAsyncStreamReader<Note>
    {
        public Note Current => new();

        public Task<bool> MoveNext(CancellationToken cancellationToken) => Task.FromResult(false);
    }
}
