using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Attune.Server.Hosting;
using Attune.Server.Tests.Joining;
using Attune.Server.Workers.Joining;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;

namespace Attune.Server.Tests.Hosting;

public sealed class TlsTests
{
    static CancellationToken SoonEnough => Waiting.SoonEnough;

    [Fact]
    public async Task A_server_with_its_own_certificate_is_trusted_by_whoever_has_its_ca()
    {
        await using var bench = await StartTlsAsync();
        using var knowing = ChannelTo(bench, trusted: Path.Combine(bench.StateDirectory, "ca.pem"), client: null);
        using var unknowing = GrpcChannel.ForAddress(bench.Address);

        await new SystemService.SystemServiceClient(knowing).GetVersionAsync(new());
        var refused = await Refused.OfAsync(new SystemService.SystemServiceClient(unknowing).GetVersionAsync(new()));
        Assert.Equal(StatusCode.Internal, refused.StatusCode);
    }

    [Fact]
    public async Task An_agent_is_known_by_its_tls_certificate_too()
    {
        await using var bench = await StartTlsAsync();
        var kit = await AgentKit.EnrollAsync(bench, "edge-1", await JoiningTests.TokenAsync(bench, new() { Role = WorkerRole.Action }));
        var own = X509CertificateLoader.LoadCertificate(kit.Certificate).CopyWithPrivateKey(kit.Key);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var forged = new CertificateRequest("CN=edge-1", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        var ca = Path.Combine(bench.StateDirectory, "ca.pem");

        (await CallAsync(ChannelTo(bench, ca, own))).LetIn();
        (await CallAsync(ChannelTo(bench, ca, forged))).Is(StatusCode.Unauthenticated, "AGENT_CERTIFICATE_INVALID");
        (await CallAsync(ChannelTo(bench, ca, client: null))).Is(StatusCode.Unauthenticated, "AGENT_CERTIFICATE_MISSING");
    }

    [Fact]
    public async Task Old_tls_and_other_protocols_get_no_connection()
    {
        await using var bench = await StartTlsAsync();

        Assert.Equal(SslApplicationProtocol.Http2, await HandshakeAsync(bench, SslProtocols.Tls12, SslApplicationProtocol.Http2));
#pragma warning disable SYSLIB0039, CA5397 // The refusal of TLS 1.1 is what is tested.
        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(bench, SslProtocols.Tls11, SslApplicationProtocol.Http2));
#pragma warning restore SYSLIB0039, CA5397
    }

    [Fact]
    public async Task Certificate_files_are_served_with_their_intermediates()
    {
        var now = DateTimeOffset.UnixEpoch.AddYears(56);
        var root = Authority.New(now);
        using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var middleRequest = new CertificateRequest("CN=middle", middleKey, HashAlgorithmName.SHA256);
        middleRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var middle = middleRequest.Create(
            root.Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(root.Key), now, now.AddYears(5), [6]).CopyWithPrivateKey(middleKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = new CertificateRequest("CN=files", key, HashAlgorithmName.SHA256).Create(middle, now, now.AddYears(5), [7]);
        var directory = Directory.CreateTempSubdirectory("attune-tls-").FullName;
        var (certificateFile, keyFile) = (Path.Combine(directory, "tls.pem"), Path.Combine(directory, "tls.key"));
        await File.WriteAllTextAsync(certificateFile, leaf.ExportCertificatePem() + "\n" + middle.ExportCertificatePem(), SoonEnough);
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem(), SoonEnough);

        await using var bench = await EdgeBench.StartAsync(
            null, false, _ => { }, SoonEnough,
            ("Server:Listen:0", "https://127.0.0.1:0"), ("Tls:CertificateFile", certificateFile), ("Tls:KeyFile", keyFile));

        var shown = new List<string>();
        using var tcp = new System.Net.Sockets.TcpClient();
        await tcp.ConnectAsync(bench.Address.Host, bench.Address.Port, SoonEnough);
        await using var tls = new SslStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "files",
                ApplicationProtocols = [SslApplicationProtocol.Http2],
                RemoteCertificateValidationCallback = (_, _, chain, _) =>
                {
                    shown.AddRange(chain!.ChainPolicy.ExtraStore.Select(each => each.Subject));
                    return true;
                },
            },
            SoonEnough);
        Assert.Contains("CN=middle", shown);
    }

    [Theory]
    [InlineData("http://0.0.0.0:7700", "in clear")]
    [InlineData("http://192.168.1.5:7700", "in clear")]
    [InlineData("http://[::]:7700", "in clear")]
    [InlineData("http://example.com:7700", "IP address")]
    [InlineData("ftp://127.0.0.1:7700", "is not http")]
    [InlineData("127.0.0.1:7700", "is not http")]
    [InlineData("https://127.0.0.1:7700", "Tls:Automatic")]
    public async Task An_address_that_would_leak_or_cannot_work_is_refused_at_start_with_the_fix(string listen, string fix)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(
            () => EdgeBench.StartAsync(SoonEnough, ("Server:Listen:0", listen)));

        Assert.Contains(fix, refused.Message);
    }

    [Theory]
    [InlineData("http://127.0.0.1:7700")]
    [InlineData("http://localhost:7700")]
    [InlineData("http://127.9.9.9:1")]
    [InlineData("http://[::1]:7700")]
    [InlineData("https://0.0.0.0:443")]
    public void Loopback_may_be_cleartext_and_tls_may_be_anywhere(string listen)
        => Assert.True(ListenAddress.Parse(listen).IsOk(out _, out _));

    static Task<EdgeBench> StartTlsAsync() => EdgeBench.StartAsync(
        null, manualClock: false, WorkerEdge.MapIfMissing, SoonEnough,
        ("Server:Listen:0", "https://127.0.0.1:0"), ("Tls:Automatic:0", "localhost"), ("Tls:Automatic:1", "127.0.0.1"));

    static async Task<RpcException> CallAsync(GrpcChannel channel)
    {
        using (channel)
        {
            using var call = new WorkerService.WorkerServiceClient(channel).DownloadRelease(new() { ReleaseDigest = new('0', 64) });
            return await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(SoonEnough));
        }
    }

    static GrpcChannel ChannelTo(EdgeBench bench, string trusted, X509Certificate2? client)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(trusted);
        var handler = new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = policy } };
        if (client is not null)
            handler.SslOptions.ClientCertificates = [client];
        return GrpcChannel.ForAddress(bench.Address, new() { HttpHandler = handler });
    }

    static async Task<SslApplicationProtocol> HandshakeAsync(EdgeBench bench, SslProtocols protocols, SslApplicationProtocol application)
    {
        using var tcp = new System.Net.Sockets.TcpClient();
        await tcp.ConnectAsync(bench.Address.Host, bench.Address.Port, SoonEnough);
        await using var tls = new SslStream(tcp.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                EnabledSslProtocols = protocols,
                ApplicationProtocols = [application],
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
            },
            SoonEnough);
        return tls.NegotiatedApplicationProtocol;
    }
}
