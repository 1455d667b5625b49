using Grpc.Core;
using Grpc.Net.Client;

namespace Attune.Compat.Tests.Rounds;

public sealed class CallCredentialsTests : IAsyncLifetime
{
    static readonly CallCredentials Token = CallCredentials.FromInterceptor((context, metadata) =>
    {
        metadata.Add("authorization", $"Bearer for {context.MethodName} of {new Uri(context.ServiceUrl).AbsolutePath}");
        return Task.CompletedTask;
    });

    RoundServer server = null!;

    public async Task InitializeAsync() => server = await RoundServer.StartAsync();

    public async Task DisposeAsync() => await server.DisposeAsync();

    [Fact]
    public async Task Credentials_of_a_call_are_sent_in_cleartext_where_the_channel_allows_it()
    {
        var client = server.Client(new GrpcChannelOptions { UnsafeUseInsecureChannelCallCredentials = true });

        await client.SayAsync(new(), new CallOptions().WithCredentials(Token));

        Assert.Equal("Bearer for Say of /attune.compat.tests.Round", server.Seen.RequestHeaders["authorization"]);
    }

    [Fact]
    public async Task Credentials_of_a_call_stay_home_where_the_channel_does_not_allow_cleartext()
    {
        await server.Client().SayAsync(new(), new CallOptions(credentials: Token));

        Assert.DoesNotContain("authorization", server.Seen.RequestHeaders.Keys);
    }

    [Fact]
    public async Task Credentials_of_a_channel_and_composed_ones_of_a_call_are_all_sent()
    {
        var client = server.Client(new GrpcChannelOptions
        {
            Credentials = ChannelCredentials.Create(ChannelCredentials.Insecure, Token),
            UnsafeUseInsecureChannelCallCredentials = true,
        });
        var composed = CallCredentials.Compose(Adding("first", "1"), Adding("second", "2"));

        await client.SayAsync(new(), new CallOptions(credentials: composed));

        Assert.Equal("1", server.Seen.RequestHeaders["first"]);
        Assert.Equal("2", server.Seen.RequestHeaders["second"]);
        Assert.StartsWith("Bearer ", server.Seen.RequestHeaders["authorization"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_cleartext_channel_with_credentials_of_its_own_is_refused_unless_it_says_unsafe()
        => Assert.Throws<InvalidOperationException>(() => server.Channel(new GrpcChannelOptions
        {
            Credentials = ChannelCredentials.Create(ChannelCredentials.Insecure, Token),
        }));

    [Fact]
    public async Task Credentials_that_fail_fail_the_call()
    {
        var client = server.Client(new GrpcChannelOptions { UnsafeUseInsecureChannelCallCredentials = true });
        var broken = CallCredentials.FromInterceptor((_, _) => throw new RpcException(new Status(StatusCode.Unauthenticated, "no token")));

        var failure = await Assert.ThrowsAsync<RpcException>(
            async () => await client.SayAsync(new(), new CallOptions(credentials: broken)));

        Assert.Equal(StatusCode.Unauthenticated, failure.StatusCode);
    }

    [Fact]
    public void Nothing_composes_with_what_is_composed_and_one_alone_does_not_compose()
    {
        var composed = ChannelCredentials.Create(ChannelCredentials.SecureSsl, Token);

        Assert.Throws<ArgumentException>(() => ChannelCredentials.Create(composed, Token));
        Assert.Throws<ArgumentException>(() => CallCredentials.Compose(Token));
        Assert.Throws<ArgumentNullException>(() => CallCredentials.FromInterceptor(null!));
    }

    [Fact]
    public void Credentials_with_certificates_belong_to_the_handler_and_are_refused_by_a_channel()
    {
        var credentials = new SslCredentials("roots", new KeyCertificatePair("chain", "key"));

        Assert.Equal("roots", credentials.RootCertificates);
        Assert.Equal(("chain", "key"), (credentials.KeyCertificatePair!.CertificateChain, credentials.KeyCertificatePair.PrivateKey));
        Assert.Throws<InvalidOperationException>(
            () => GrpcChannel.ForAddress("https://localhost", new GrpcChannelOptions { Credentials = credentials }));
    }

    static CallCredentials Adding(string key, string value) => CallCredentials.FromInterceptor((_, metadata) =>
    {
        metadata.Add(key, value);
        return Task.CompletedTask;
    });
}
