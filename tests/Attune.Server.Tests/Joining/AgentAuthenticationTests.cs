using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Attune.Server.Hosting;
using Attune.Server.Tests.Hosting;
using Attune.Server.Workers.Joining;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Tests.Joining;

public sealed class AgentAuthenticationTests
{
    static CancellationToken SoonEnough => Waiting.SoonEnough;

    [Fact]
    public async Task An_enrolled_agent_is_let_in_and_nobody_else()
    {
        await using var bench = await JoiningTests.StartAsync();
        var kit = await EnrollAsync(bench, "edge-1");
        var client = new WorkerService.WorkerServiceClient(await bench.AsAdminAsync(SoonEnough));

        (await kit.CallAsync(bench)).LetIn();
        using var asAdmin = client.DownloadRelease(new());
        (await Assert.ThrowsAsync<RpcException>(() => asAdmin.ResponseStream.MoveNext(SoonEnough)))
            .Is(StatusCode.Unauthenticated, "AGENT_CERTIFICATE_MISSING");
    }

    [Theory]
    [InlineData(-300, true)]
    [InlineData(300, true)]
    [InlineData(-301, false)]
    [InlineData(301, false)]
    public async Task Clocks_may_differ_by_five_minutes(int seconds, bool letIn)
    {
        await using var bench = await JoiningTests.StartAsync();
        var kit = await EnrollAsync(bench, "edge-1");

        var answer = await kit.CallAsync(bench, bench.Clock.GetUtcNow().AddSeconds(seconds));

        if (letIn)
            answer.LetIn();
        else
            answer.Is(StatusCode.Unauthenticated, "AGENT_CLOCK_DIFFERS");
    }

    [Fact]
    public async Task A_certificate_ends_after_seven_days()
    {
        await using var bench = await JoiningTests.StartAsync();
        var kit = await EnrollAsync(bench, "edge-1");
        bench.Clock.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        (await kit.CallAsync(bench)).LetIn();

        bench.Clock.Advance(TimeSpan.FromSeconds(1));

        (await kit.CallAsync(bench)).Is(StatusCode.Unauthenticated, "AGENT_CERTIFICATE_EXPIRED");
    }

    [Fact]
    public async Task A_removed_worker_is_out()
    {
        await using var bench = await JoiningTests.StartAsync();
        var kit = await EnrollAsync(bench, "edge-1");
        (await kit.CallAsync(bench)).LetIn();

        await bench.ExecuteAsync("delete from worker", SoonEnough);

        (await kit.CallAsync(bench)).Is(StatusCode.Unauthenticated, "AGENT_CERTIFICATE_REVOKED");
    }

    [Fact]
    public async Task Every_part_of_the_header_counts()
    {
        await using var bench = await JoiningTests.StartAsync();
        var kit = await EnrollAsync(bench, "edge-1");
        var other = await EnrollAsync(bench, "edge-2");
        var now = bench.Clock.GetUtcNow();
        var good = kit.Header("/attune.v1.WorkerService/DownloadRelease", now).Split('.');

        var forged = new[]
        {
            kit.Header("/attune.v1.WorkerService/Connect", now),
            string.Join('.', good[0], good[1], now.AddSeconds(1).ToUnixTimeSeconds(), good[3]),
            string.Join('.', good[0], Base64Url.EncodeToString(other.Certificate), good[2], good[3]),
            string.Join('.', "v2", good[1], good[2], good[3]),
            string.Join('.', good[0], good[1], good[2], ""),
            string.Join('.', good[0], good[1], good[2], "!!!"),
            string.Join('.', good[0], Base64Url.EncodeToString([.. kit.Certificate, 0]), good[2], good[3]),
            string.Join('.', good[0], good[1], "999999999999999999999", good[3]),
            "v1", "nonsense", new string('x', 10_000),
        };

        foreach (var header in forged)
            Assert.Equal(StatusCode.Unauthenticated, (await AgentKit.CallAsync(bench, header)).StatusCode);
    }

    [Fact]
    public async Task Certificates_of_other_authorities_and_for_other_uses_are_nothing()
    {
        await using var bench = await JoiningTests.StartAsync();
        await EnrollAsync(bench, "edge-1");
        var now = bench.Clock.GetUtcNow();
        var stranger = Authority.New(now);

        foreach (var certificate in new[]
        {
            SelfSigned("CN=edge-1", now),
            Issued(stranger, now),
            bench.Get<CertificateAuthority>().IssueForServer(["edge-1"]),
        })
        {
            var kit = new AgentKit { Key = certificate.GetECDsaPrivateKey()!, Certificate = certificate.RawData };
            (await kit.CallAsync(bench)).Is(StatusCode.Unauthenticated, "AGENT_CERTIFICATE_INVALID");
        }
    }

    [Fact]
    public async Task A_renewed_certificate_retires_the_old_one_when_it_is_first_used()
    {
        await using var bench = await JoiningTests.StartAsync();
        var old = await EnrollAsync(bench, "edge-1");
        bench.Clock.Advance(TimeSpan.FromDays(4));
        var unused = await RenewAsync(bench, "edge-1");
        var renewed = await RenewAsync(bench, "edge-1");
        (await old.CallAsync(bench)).LetIn();

        (await renewed.CallAsync(bench)).LetIn();

        (await renewed.CallAsync(bench)).LetIn();
        (await old.CallAsync(bench)).Is(StatusCode.Unauthenticated, "AGENT_CERTIFICATE_REVOKED");
        (await unused.CallAsync(bench)).Is(StatusCode.Unauthenticated, "AGENT_CERTIFICATE_REVOKED");
        bench.Clock.Advance(TimeSpan.FromDays(4));
        (await renewed.CallAsync(bench)).LetIn();
        Assert.Equal(
            X509CertificateLoader.LoadCertificate(renewed.Certificate).NotAfter.ToUniversalTime(),
            await bench.ScalarAsync<DateTime>("select certificate_expires_at from worker", SoonEnough));
    }

    [Fact]
    public async Task A_renewal_after_the_host_enrolled_anew_is_refused()
    {
        await using var bench = await JoiningTests.StartAsync();
        await EnrollAsync(bench, "edge-1");
        var renewed = await RenewAsync(bench, "edge-1");

        await EnrollAsync(bench, "edge-1");

        (await renewed.CallAsync(bench)).Is(StatusCode.Unauthenticated, "AGENT_CERTIFICATE_REVOKED");
    }

    [Fact]
    public async Task A_renewal_is_for_the_own_name_only()
    {
        await using var bench = await JoiningTests.StartAsync();
        await EnrollAsync(bench, "edge-1");
        var renew = bench.Get<RenewCertificate>();

        var other = await renew.RunAsync("edge-1", new AgentKit().RequestFor("edge-2"), SoonEnough);
        var unknown = await renew.RunAsync("edge-9", new AgentKit().RequestFor("edge-9"), SoonEnough);

        Assert.False(other.IsOk(out _, out var wrongName));
        Assert.Equal("CSR_INVALID", wrongName.Reason);
        Assert.False(unknown.IsOk(out _, out var noWorker));
        Assert.Equal("WORKER_NOT_FOUND", noWorker.Reason);
    }

    static async Task<AgentKit> EnrollAsync(EdgeBench bench, string name)
        => await AgentKit.EnrollAsync(bench, name, await JoiningTests.TokenAsync(bench, new() { Role = WorkerRole.Hybrid }));

    static async Task<AgentKit> RenewAsync(EdgeBench bench, string name)
    {
        var kit = new AgentKit();
        var renewed = (await bench.Get<RenewCertificate>().RunAsync(name, kit.RequestFor(name), SoonEnough)).OrThrowRpc();
        kit.Certificate = X509Certificate2.CreateFromPem(renewed.CertificatePem).RawData;
        return kit;
    }

    static X509Certificate2 SelfSigned(string subject, DateTimeOffset now)
    {
        var request = new CertificateRequest(subject, ECDsa.Create(ECCurve.NamedCurves.nistP256), HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.2")], false));
        return request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
    }

    static X509Certificate2 Issued(Authority authority, DateTimeOffset now)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=edge-1", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.2")], false));
        return request.Create(authority.Certificate, now.AddHours(-1), now.AddDays(1), [1, 2, 3]).CopyWithPrivateKey(key);
    }
}
