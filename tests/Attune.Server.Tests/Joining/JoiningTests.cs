using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Attune.Server.Tests.Hosting;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Server.Tests.Joining;

public sealed class JoiningTests
{
    static CancellationToken SoonEnough => Waiting.SoonEnough;

    [Fact]
    public async Task A_join_token_is_traded_for_a_certificate_a_name_and_labels()
    {
        await using var bench = await StartAsync();
        var token = await TokenAsync(bench, new() { Role = WorkerRole.Hybrid, Labels = { ["zone"] = "edge" } });
        var kit = new AgentKit();

        var answer = await AgentKit.EnrollCallAsync(bench, "edge-1", token, kit.RequestFor("edge-1"), WorkerRole.Action);

        var certificate = X509Certificate2.CreateFromPem(answer.Certificate);
        Assert.Equal("CN=edge-1", certificate.Subject);
        Assert.Equal(bench.Clock.GetUtcNow().AddDays(7), answer.ExpiresAt.ToDateTimeOffset());
        Assert.Equal("edge", answer.Labels["zone"]);
        Assert.StartsWith("CN=Attune CA", X509Certificate2.CreateFromPem(answer.CaCertificate).Subject);
        Assert.Equal(
            "edge-1,action,inactive,edge",
            await bench.ScalarAsync<string>(
                "select concat_ws(',', name, worker_role, status, labels ->> 'zone') from worker", SoonEnough));
        var listed = (await new WorkerService.WorkerServiceClient(await bench.AsAdminAsync(SoonEnough)).ListJoinTokensAsync(new())).JoinTokens.Single();
        Assert.Equal(("edge-1", "admin", WorkerRole.Hybrid), (listed.WorkerName, listed.CreatedByLogin, listed.Role));
        Assert.NotNull(listed.UsedAt);
    }

    [Fact]
    public async Task Of_twenty_who_join_with_one_token_one_gets_in()
    {
        await using var bench = await StartAsync();
        var token = await TokenAsync(bench, new() { Role = WorkerRole.Action });

        var tries = await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
        {
            try
            {
                await AgentKit.EnrollAsync(bench, $"agent-{number}", token);
                return "in";
            }
            catch (RpcException exception)
            {
                return exception.Detail().Reason;
            }
        }));

        Assert.Single(tries, outcome => outcome == "in");
        Assert.Equal(19, tries.Count(outcome => outcome == "JOIN_TOKEN_INVALID"));
        Assert.Equal(1, await bench.ScalarAsync<long>("select count(*) from worker", SoonEnough));
    }

    [Fact]
    public async Task A_used_revoked_expired_or_made_up_token_is_refused_in_the_same_words()
    {
        await using var bench = await StartAsync();
        var admin = new WorkerService.WorkerServiceClient(await bench.AsAdminAsync(SoonEnough));
        var used = await TokenAsync(bench, new() { Role = WorkerRole.Action });
        await AgentKit.EnrollAsync(bench, "first", used);
        var revoked = await admin.CreateJoinTokenAsync(new() { Role = WorkerRole.Action });
        Assert.NotNull((await admin.RevokeJoinTokenAsync(new() { JoinTokenId = revoked.JoinToken.Id })).JoinToken.RevokedAt);
        var expired = await TokenAsync(bench, new() { Role = WorkerRole.Action, Ttl = Duration.FromTimeSpan(TimeSpan.FromMinutes(1)) });
        bench.Clock.Advance(TimeSpan.FromMinutes(1));

        foreach (var token in new[] { used, revoked.Token, expired, "atj_made_up", "" })
            (await Refused.OfAsync(AgentKit.EnrollCallAsync(bench, "next", token, new AgentKit().RequestFor("next"))))
                .Is(StatusCode.Unauthenticated, "JOIN_TOKEN_INVALID");
    }

    [Fact]
    public async Task A_refused_enrolment_leaves_the_token_unused()
    {
        await using var bench = await StartAsync();
        var token = await TokenAsync(bench, new() { Role = WorkerRole.Action });
        await AgentKit.EnrollAsync(bench, "taken", await TokenAsync(bench, new() { Role = WorkerRole.Action }));
        await LeaseAsync(bench, "taken", TimeSpan.FromMinutes(1));

        (await Refused.OfAsync(AgentKit.EnrollCallAsync(bench, "mine", token, new AgentKit().RequestFor("mine"), WorkerRole.Sensor)))
            .Is(StatusCode.PermissionDenied, "ROLE_NOT_ALLOWED");
        (await Refused.OfAsync(AgentKit.EnrollCallAsync(bench, "taken", token, new AgentKit().RequestFor("taken"))))
            .Is(StatusCode.AlreadyExists, "NAME_IN_USE");

        await AgentKit.EnrollAsync(bench, "mine", token);
    }

    [Fact]
    public async Task A_name_is_free_again_when_its_lease_is_over_and_its_old_certificate_is_dead_then()
    {
        await using var bench = await StartAsync();
        var before = await AgentKit.EnrollAsync(bench, "host", await TokenAsync(bench, new() { Role = WorkerRole.Action }));
        await LeaseAsync(bench, "host", TimeSpan.FromMinutes(1));
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        (await before.CallAsync(bench)).LetIn();

        var rebuilt = await AgentKit.EnrollAsync(bench, "host", await TokenAsync(bench, new() { Role = WorkerRole.Action }));

        (await rebuilt.CallAsync(bench)).LetIn();
        (await before.CallAsync(bench)).Is(StatusCode.Unauthenticated, "AGENT_CERTIFICATE_REVOKED");
    }

    [Theory]
    [InlineData("other name")]
    [InlineData("two names")]
    [InlineData("p384")]
    [InlineData("rsa")]
    [InlineData("broken signature")]
    [InlineData("nonsense")]
    [InlineData("empty")]
    public async Task A_request_that_is_not_a_p256_key_under_the_own_name_is_refused(string what)
    {
        await using var bench = await StartAsync();
        var token = await TokenAsync(bench, new() { Role = WorkerRole.Action });
        using var rsa = RSA.Create(2048);
        var request = what switch
        {
            "other name" => new AgentKit().RequestFor("else"),
            "two names" => new CertificateRequest("CN=me, CN=root", ECDsa.Create(ECCurve.NamedCurves.nistP256), HashAlgorithmName.SHA256).CreateSigningRequest(),
            "p384" => new AgentKit { Key = ECDsa.Create(ECCurve.NamedCurves.nistP384) }.RequestFor("me"),
            "rsa" => new CertificateRequest("CN=me", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequest(),
            "broken signature" => Broken(new AgentKit().RequestFor("me")),
            "nonsense" => [1, 2, 3],
            _ => [],
        };

        (await Refused.OfAsync(AgentKit.EnrollCallAsync(bench, "me", token, request))).Is(StatusCode.InvalidArgument, "CSR_INVALID");
    }

    [Fact]
    public async Task What_a_request_asks_beyond_its_key_is_ignored()
    {
        await using var bench = await StartAsync();
        var kit = new AgentKit();
        var request = new CertificateRequest("CN=sly", kit.Key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1")], false));

        var answer = await AgentKit.EnrollCallAsync(
            bench, "sly", await TokenAsync(bench, new() { Role = WorkerRole.Action }), request.CreateSigningRequest());

        var certificate = X509Certificate2.CreateFromPem(answer.Certificate);
        Assert.False(certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        var usage = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages[0].Value;
        Assert.Equal("1.3.6.1.5.5.7.3.2", usage);
    }

    [Fact]
    public async Task A_join_token_needs_a_role_sound_labels_and_a_sound_life()
    {
        await using var bench = await StartAsync();
        var admin = new WorkerService.WorkerServiceClient(await bench.AsAdminAsync(SoonEnough));

        (await Refused.OfAsync(admin.CreateJoinTokenAsync(new()))).Is(StatusCode.InvalidArgument, "ROLE_INVALID");
        var labels = await Refused.OfAsync(admin.CreateJoinTokenAsync(
            new() { Role = WorkerRole.Action, Labels = { ["a b"] = "x", ["ok"] = "no\nnewline" } }));
        labels.Is(StatusCode.InvalidArgument, "LABELS_INVALID");
        Assert.Equal(2, labels.Detail().FieldViolations.Count);
        foreach (var ttl in new[] { TimeSpan.FromSeconds(59), TimeSpan.FromDays(31), TimeSpan.FromHours(-1) })
            (await Refused.OfAsync(admin.CreateJoinTokenAsync(new() { Role = WorkerRole.Action, Ttl = Duration.FromTimeSpan(ttl) })))
                .Is(StatusCode.InvalidArgument, "TTL_INVALID");
        (await Refused.OfAsync(admin.RevokeJoinTokenAsync(new() { JoinTokenId = 404 }))).Is(StatusCode.NotFound, "JOIN_TOKEN_NOT_FOUND");
    }

    internal static Task<EdgeBench> StartAsync()
        => EdgeBench.StartAsync(null, manualClock: true, WorkerEdge.MapIfMissing, SoonEnough);

    internal static async Task<string> TokenAsync(EdgeBench bench, CreateJoinTokenRequest request)
        => (await new WorkerService.WorkerServiceClient(await bench.AsAdminAsync(SoonEnough)).CreateJoinTokenAsync(request)).Token;

    static async Task LeaseAsync(EdgeBench bench, string name, TimeSpan lease)
    {
        await using var command = bench.Database.Db.CreateCommand("update worker set lease_expires_at = $2 where name = $1");
        command.Parameters.Add(new() { Value = name });
        command.Parameters.Add(new() { Value = (bench.Clock.GetUtcNow() + lease).UtcDateTime });
        await command.ExecuteNonQueryAsync(SoonEnough);
    }

    static byte[] Broken(byte[] request)
    {
        request[^1] ^= 1;
        return request;
    }
}
