using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Attune.Compat.Tests.Rounds;

public sealed class CallTests : IAsyncLifetime
{
    RoundServer server = null!;

    public async Task InitializeAsync() => server = await RoundServer.StartAsync();

    public async Task DisposeAsync() => await server.DisposeAsync();

    [Fact]
    public async Task A_unary_call_brings_its_answer_waiting_or_blocking()
    {
        var client = server.Client();

        Assert.Equal("a", (await client.SayAsync(new() { Text = "a" })).Text);
        Assert.Equal("b", (await client.SayAsync(new() { Text = "b" }).ConfigureAwait(true)).Text);
        Assert.Equal("c", client.Say(new() { Text = "c" }).Text);
    }

    [Fact]
    public async Task A_client_stream_is_answered_once_it_is_complete()
    {
        using var call = server.Client().Sum();
        await call.RequestStream.WriteAsync(new() { Number = 40, Text = "a" });
        call.RequestStream.WriteOptions = new WriteOptions(WriteFlags.BufferHint);
        await call.RequestStream.WriteAsync(new() { Number = 2, Text = "b" }, CancellationToken.None);
        Assert.False(call.ResponseAsync.IsCompleted);
        await call.RequestStream.CompleteAsync();

        var sum = await call;

        Assert.Equal((42, "ab"), (sum.Number, sum.Text));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_server_stream_arrives_in_order_and_ends_with_its_trailers()
    {
        using var call = server.Client().Count(new() { Number = 1000 });

        var numbers = new List<long>();
        await foreach (var note in call.ResponseStream.ReadAllAsync())
            numbers.Add(note.Number);

        Assert.Equal(Enumerable.Range(1, 1000).Select(number => (long)number), numbers);
        Assert.Equal(Status.DefaultSuccess, call.GetStatus());
        Assert.Equal("1000", call.GetTrailers().GetValue("counted"));
        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task A_duplex_call_talks_both_ways_in_turns()
    {
        using var call = server.Client().Echo();
        for (var number = 0; number < 100; number++)
        {
            await call.RequestStream.WriteAsync(new() { Number = number });
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(number, call.ResponseStream.Current.Number);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        Assert.Empty(call.GetTrailers());
    }

    [Fact]
    public async Task Headers_and_trailers_arrive_as_text_and_as_bytes()
    {
        using var call = server.Client().SayAsync(
            new() { Text = "x" },
            new Metadata { { "Greeting", "hello" }, { "greeting-bin", RoundService.Blob } });

        var headers = await call.ResponseHeadersAsync;
        await call.ResponseAsync;

        Assert.Equal("hello", server.Seen.RequestHeaders["greeting"]);
        Assert.Equal(Convert.ToHexString(RoundService.Blob), server.Seen.RequestHeaders["greeting-bin"]);
        Assert.Equal("x", headers.GetValue("heard"));
        Assert.Equal(RoundService.Blob, headers.GetValueBytes("heard-bin"));
        Assert.Equal("x", call.GetTrailers().GetValue("Said"));
        Assert.Equal(RoundService.Blob, call.GetTrailers().GetValueBytes("said-bin"));
    }

    [Fact]
    public void Status_and_trailers_of_a_running_call_are_refused()
    {
        using var call = server.Client().Sum();

        Assert.Throws<InvalidOperationException>(() => call.GetStatus());
        Assert.Throws<InvalidOperationException>(() => call.GetTrailers());
    }

    [Fact]
    public async Task A_failure_brings_code_detail_and_binary_status_details_but_no_debug_exception()
    {
        var details = new Note { Text = "reason", Number = 7 };
        var request = new Note
        {
            Number = (int)StatusCode.FailedPrecondition,
            Text = "not now: ü",
            Content = details.ToByteString(),
        };
        using var call = server.Client().FailAsync(request);

        var failure = await Assert.ThrowsAsync<RpcException>(async () => await call);

        Assert.Equal(StatusCode.FailedPrecondition, failure.StatusCode);
        Assert.Equal("not now: ü", failure.Status.Detail);
        Assert.Equal(failure.Status, call.GetStatus());
        Assert.DoesNotContain("stays on the server", failure.ToString(), StringComparison.Ordinal);
        Assert.Equal("context", failure.Trailers.GetValue("by"));
        Assert.Equal("yes", failure.Trailers.GetValue("by-exception"));
        Assert.Equal(details, Note.Parser.ParseFrom(failure.Trailers.GetValueBytes("grpc-status-details-bin")));
    }

    [Fact]
    public async Task A_big_message_passes_where_the_limits_allow_it_and_is_refused_elsewhere()
    {
        await using var generous = await RoundServer.StartAsync(options => options.MaxReceiveMessageSize = null);
        var big = new Note { Content = ByteString.CopyFrom(new byte[12 * 1024 * 1024 + 1]) };
        var client = generous.Client(new GrpcChannelOptions { MaxReceiveMessageSize = null });

        Assert.Equal(big.Content, (await client.SayAsync(big)).Content);

        var failure = await Assert.ThrowsAsync<RpcException>(async () => await server.Client().SayAsync(big));
        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
    }

    [Fact]
    public async Task Calls_wait_for_a_connection_if_told_to_and_the_channel_shows_its_state()
    {
        var channel = server.Channel();
        Assert.Equal(ConnectivityState.Idle, channel.State);
        await channel.ConnectAsync();
        Assert.Equal(ConnectivityState.Ready, channel.State);

        var options = new CallOptions().WithWaitForReady();
        Assert.Equal("w", (await new Round.RoundClient(channel).SayAsync(new() { Text = "w" }, options)).Text);

        channel.Dispose();
        Assert.Equal(ConnectivityState.Shutdown, channel.State);
    }
}
