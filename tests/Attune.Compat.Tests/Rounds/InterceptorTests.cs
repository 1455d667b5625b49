using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Attune.Compat.Tests.Rounds;

public sealed class InterceptorTests : IAsyncLifetime
{
    RoundServer server = null!;

    public async Task InitializeAsync() => server = await RoundServer.StartAsync(options =>
    {
        options.Interceptors.Add<ServerNotes>("outer");
        options.Interceptors.Add<ServerNotes>("inner");
    });

    public async Task DisposeAsync() => await server.DisposeAsync();

    [Theory]
    [InlineData("blocking", "Unary")]
    [InlineData("unary", "Unary")]
    [InlineData("client", "ClientStreaming")]
    [InlineData("server", "ServerStreaming")]
    [InlineData("duplex", "DuplexStreaming")]
    public async Task Each_kind_of_call_passes_client_and_server_interceptors_in_order(string kind, string type)
    {
        var seen = new List<string>();
        var client = new Round.RoundClient(server.Channel().Intercept(new ClientNotes("a", seen), new ClientNotes("b", seen)));

        var trailers = await CallAsync(client, kind);

        Assert.Equal([$"a {kind}", $"b {kind}"], seen);
        Assert.Equal([$"outer {type} by a, b", $"inner {type} by a, b"], server.Seen.Intercepted);
        if (trailers is not null)
            Assert.Equal(["outer", "inner"], trailers.GetAll("passed").Select(entry => entry.Value));
    }

    [Fact]
    public async Task A_function_over_the_headers_is_an_interceptor_too()
    {
        var invoker = server.Channel().Intercept(headers =>
        {
            headers.Add("added", "yes");
            return headers;
        });

        await new Round.RoundClient(invoker).SayAsync(new());

        Assert.Equal("yes", server.Seen.RequestHeaders["added"]);
    }

    [Fact]
    public async Task An_interceptor_can_answer_in_place_of_the_call()
    {
        var client = new Round.RoundClient(server.Channel().Intercept(new Shortcut()));
        using var call = client.SayAsync(new() { Text = "far" });

        Assert.Equal("near", (await call).Text);
        Assert.Equal("here", (await call.ResponseHeadersAsync).GetValue("from"));
        Assert.Empty(server.Seen.Intercepted);
    }

    [Fact]
    public async Task What_a_server_interceptor_throws_decides_the_status()
    {
        await using var refusing = await RoundServer.StartAsync(options => options.Interceptors.Add<Refusal>());

        var failure = await Assert.ThrowsAsync<RpcException>(async () => await refusing.Client().SayAsync(new()));

        Assert.Equal((StatusCode.PermissionDenied, "nobody"), (failure.StatusCode, failure.Status.Detail));
    }

    static async Task<Metadata?> CallAsync(Round.RoundClient client, string kind)
    {
        switch (kind)
        {
            case "blocking":
                Assert.Equal("x", client.Say(new() { Text = "x" }).Text);
                return null;
            case "unary":
                using (var call = client.SayAsync(new() { Text = "x" }))
                {
                    Assert.Equal("x", (await call).Text);
                    return call.GetTrailers();
                }

            case "client":
                using (var call = client.Sum())
                {
                    await call.RequestStream.WriteAsync(new() { Number = 3 });
                    await call.RequestStream.CompleteAsync();
                    Assert.Equal(3, (await call).Number);
                    return call.GetTrailers();
                }

            case "server":
                using (var call = client.Count(new() { Number = 2 }))
                {
                    Assert.Equal(2, await call.ResponseStream.ReadAllAsync().CountAsync());
                    return call.GetTrailers();
                }

            default:
                using (var call = client.Echo())
                {
                    await call.RequestStream.WriteAsync(new() { Number = 3 });
                    await call.RequestStream.CompleteAsync();
                    Assert.Equal(1, await call.ResponseStream.ReadAllAsync().CountAsync());
                    return call.GetTrailers();
                }
        }
    }

    sealed class Shortcut : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation) => new(
                Task.FromResult((TResponse)(object)new Note { Text = "near" }),
                Task.FromResult(new Metadata { { "from", "here" } }),
                () => Status.DefaultSuccess,
                () => [],
                () => { });
    }

    sealed class Refusal : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request,
            ServerCallContext context,
            UnaryServerMethod<TRequest, TResponse> continuation)
            => throw new RpcException(new Status(StatusCode.PermissionDenied, "nobody"));
    }
}
