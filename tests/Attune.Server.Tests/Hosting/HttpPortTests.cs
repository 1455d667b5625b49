using System.Net;
using Attune.Server.Hosting.Health;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Attune.Server.Tests.Hosting;

public sealed class HttpPortTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task Each_port_serves_only_its_own()
    {
        await using var bench = await EdgeBench.StartAsync(Soon);
        using var http2 = new HttpClient { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        Assert.Equal(HttpStatusCode.NotFound, (await http2.GetAsync(new Uri(bench.Address, "/healthz"), Soon)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http2.PostAsync(new Uri(bench.Address, "/webhooks/wh_1"), new StringContent("{}"), Soon)).StatusCode);

        using var http = new HttpClient { BaseAddress = bench.HttpAddress };
        foreach (var path in new[] { "/", "/webhooks", "/webhooks/", "/webhooks/a/b", "/attune.v1.SystemService/GetVersion" })
            Assert.Equal(HttpStatusCode.NotFound, (await http.PostAsync(path, new StringContent("{}"), Soon)).StatusCode);
    }

    [Fact]
    public async Task A_host_header_does_not_lead_to_the_other_port()
    {
        await using var bench = await EdgeBench.StartAsync(Soon);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(bench.HttpAddress, "/attune.v1.SystemService/GetVersion"))
        {
            Headers = { Host = bench.Address.Authority },
        };

        Assert.Equal(HttpStatusCode.NotFound, (await http.SendAsync(request, Soon)).StatusCode);
    }

    [Fact]
    public async Task Health_is_told_in_plain_http_and_changes_with_the_database()
    {
        await using var bench = await EdgeBench.StartAsync(Soon);
        using var http = new HttpClient { BaseAddress = bench.HttpAddress };
        await Waiting.UntilAsync(
            async () => (await http.GetAsync("/healthz", Soon)).StatusCode is HttpStatusCode.OK, "the first look at the database", Soon);

        bench.Get<HealthState>().Set(false);

        var away = await http.GetAsync("/healthz", Soon);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, away.StatusCode);
        Assert.Contains("database is away", await away.Content.ReadAsStringAsync(Soon));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await http.PostAsync("/healthz", null, Soon)).StatusCode);
    }

    [Fact]
    public async Task With_tls_it_speaks_http_1_and_2()
    {
        await using var bench = await EdgeBench.StartAsync(
            Soon, ("Http:Listen:0", "https://127.0.0.1:0"), ("Tls:Automatic:0", "127.0.0.1"));
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null } };
        using var http = new HttpClient(handler);

        foreach (var version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(bench.HttpAddress, "/webhooks/wh_1"))
            {
                Version = version,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new StringContent("{}"),
            };
            using var answer = await http.SendAsync(request, Soon);
            Assert.Equal((HttpStatusCode.NotFound, version), (answer.StatusCode, answer.Version));
            Assert.Contains("WEBHOOK_NOT_FOUND", await answer.Content.ReadAsStringAsync(Soon));
        }
    }

    [Theory]
    [InlineData("Http:Listen:0", "http://0.0.0.0:7701")]
    [InlineData("Http:Listen:0", "https://0.0.0.0:7701")]
    [InlineData("Http:TrustedProxies:0", "10.0.0.1/8")]
    [InlineData("Http:PublicUrl", "ftp://example.com")]
    public async Task A_wrong_setting_keeps_the_server_from_starting_and_is_named(string key, string value)
    {
        var refused = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => EdgeBench.StartAsync(Soon, (key, value)));

        Assert.Contains(key.Replace(":0", "", StringComparison.Ordinal), refused.Message);
    }

    [Fact]
    public async Task The_api_still_answers_beside_it()
    {
        await using var bench = await EdgeBench.StartAsync(Soon);
        using var channel = GrpcChannel.ForAddress(bench.Address);

        Assert.NotEmpty((await new SystemService.SystemServiceClient(channel).GetVersionAsync(new())).Version);
        using var wrong = GrpcChannel.ForAddress(bench.HttpAddress);
        await Assert.ThrowsAsync<RpcException>(async () => await new SystemService.SystemServiceClient(wrong).GetVersionAsync(new()));
    }
}
