using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Attune.Agent.Configuration;
using Attune.Agent.Joining;
using Attune.Agent.Tests.Session;
using Attune.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace Attune.Agent.Tests.Joining;

public sealed class JoiningTests : IDisposable
{
    readonly string state = Directory.CreateTempSubdirectory("attune-joining-").FullName;

    public void Dispose() => Directory.Delete(state, recursive: true);

    AgentSettings Settings(FakeControlPlane plane) => new()
    {
        Server = plane.Address,
        Name = "agent-1",
        StateDirectory = state,
        Role = WorkerRole.Hybrid,
        JoinToken = new("atj_secret", null),
    };

    Task<AgentIdentity> JoinAsync(AgentSettings settings) => new JoinOrLoad(
        settings, new(settings, TimeProvider.System), new(state), TimeProvider.System, NullLogger<JoinOrLoad>.Instance).RunAsync(Soon.Enough);

    static RpcException Refusal(StatusCode code, string reason)
    {
        var status = new Google.Rpc.Status { Details = { Google.Protobuf.WellKnownTypes.Any.Pack(new ErrorDetail { Reason = reason }) } };
        return new(new(code, "no"), new Metadata { { "grpc-status-details-bin", status.ToByteArray() } });
    }

    [Fact]
    public async Task The_first_start_trades_the_token_for_a_certificate_and_keeps_it_for_the_owner_only()
    {
        await using var plane = await FakeControlPlane.StartAsync();

        using var identity = await JoinAsync(Settings(plane));

        var request = plane.Enrolled.Single();
        Assert.Equal(("atj_secret", "agent-1", WorkerRole.Hybrid), (request.JoinToken, request.Name, request.Role));
        var csr = CertificateRequest.LoadSigningRequest(request.CertificateRequest.ToByteArray(), HashAlgorithmName.SHA256);
        Assert.Equal("CN=agent-1", csr.SubjectName.Name);
        Assert.Equal("1.2.840.10045.3.1.7", csr.PublicKey.GetECDsaPublicKey()!.ExportParameters(false).Curve.Oid.Value);
        Assert.All(Directory.GetFiles(state), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.DoesNotContain(Directory.GetFiles(state), file => File.ReadAllText(file).Contains("atj_secret", StringComparison.Ordinal));
        Assert.Equal("lab", new IdentityStore(state).LoadLabels()["site"]);
    }

    [Fact]
    public async Task Later_starts_use_what_is_there_and_need_no_token()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        using var first = await JoinAsync(Settings(plane));

        using var second = await JoinAsync(Settings(plane) with { JoinToken = new(null, "/gone") });

        Assert.Equal(first.Certificate.Thumbprint, second.Certificate.Thumbprint);
        Assert.Single(plane.Enrolled);
    }

    [Fact]
    public async Task Without_a_token_and_a_certificate_the_message_says_how_to_get_one()
    {
        await using var plane = await FakeControlPlane.StartAsync();

        var end = await Assert.ThrowsAsync<HopelessException>(() => JoinAsync(Settings(plane) with { JoinToken = new(null, null) }));

        Assert.Equal(ExitCode.NotJoined, end.ExitCode);
        Assert.Contains("attune agent token create", end.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_certificate_is_named_with_its_date_and_a_new_token_joins_again()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        plane.CertificateAge = TimeSpan.FromHours(10);
        plane.CertificateLeft = TimeSpan.FromHours(-1);
        using var expired = await JoinAsync(Settings(plane));

        var end = await Assert.ThrowsAsync<HopelessException>(() => JoinAsync(Settings(plane) with { JoinToken = new(null, null) }));
        Assert.Contains($"expired on {expired.ExpiresAt:yyyy-MM-dd HH:mm}", end.Message, StringComparison.Ordinal);

        plane.CertificateLeft = TimeSpan.FromHours(1);
        using var again = await JoinAsync(Settings(plane));
        Assert.True(again.ExpiresAt > TimeProvider.System.GetUtcNow());
    }

    [Theory]
    [InlineData("JOIN_TOKEN_INVALID", StatusCode.Unauthenticated, "used, revoked or expired")]
    [InlineData("NAME_IN_USE", StatusCode.AlreadyExists, "Another agent is called 'agent-1'")]
    [InlineData("ROLE_NOT_ALLOWED", StatusCode.PermissionDenied, "does not allow the role hybrid")]
    [InlineData("SOMETHING_NEW", StatusCode.InvalidArgument, "refused to let the agent join")]
    public async Task A_refused_join_ends_with_a_message_for_its_reason(string reason, StatusCode code, string message)
    {
        await using var plane = await FakeControlPlane.StartAsync();
        plane.OnEnroll = _ => throw Refusal(code, reason);

        var end = await Assert.ThrowsAsync<HopelessException>(() => JoinAsync(Settings(plane)));

        Assert.Equal(ExitCode.NotJoined, end.ExitCode);
        Assert.Contains(message, end.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("atj_secret", end.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(state));
    }

    [Fact]
    public async Task A_control_plane_that_is_not_up_yet_is_waited_for()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await plane.GoAwayAsync();

        var joining = JoinAsync(Settings(plane));
        await plane.ComeBackAsync();

        using var identity = await joining;
        Assert.Equal("agent-1", identity.Name);
    }

    [Fact]
    public async Task A_state_directory_of_another_agent_is_refused()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        (await JoinAsync(Settings(plane))).Dispose();

        var end = await Assert.ThrowsAsync<HopelessException>(() => JoinAsync(Settings(plane) with { Name = "agent-2" }));

        Assert.Equal(ExitCode.StateInUse, end.ExitCode);
    }

    [Fact]
    public async Task Over_tls_the_ca_file_decides_whom_to_trust_and_the_agent_shows_its_certificate()
    {
        await using var plane = await FakeControlPlane.StartAsync(tls: true);
        var ca = Path.Combine(state, "trusted.pem");
        await File.WriteAllTextAsync(ca, plane.Ca.Certificate.ExportCertificatePem(), Soon.Enough);
        var settings = Settings(plane) with { CaFile = ca };
        using var identity = await JoinAsync(settings);

        var controlPlane = new ControlPlane(settings, TimeProvider.System);
        using var channel = controlPlane.Open(identity);
        using var call = new WorkerService.WorkerServiceClient(channel)
            .Connect(controlPlane.HeadersFor(identity, "Connect"), cancellationToken: Soon.Enough);
        await call.RequestStream.WriteAsync(new() { Hello = new() { Name = "agent-1" } }, Soon.Enough);
        var stream = await plane.NextStreamAsync();

        Assert.True(stream.Proof.IsGenuine);
        Assert.Equal(identity.Certificate.Thumbprint, plane.TlsCertificates.Single()!.Thumbprint);
    }

    [Fact]
    public async Task An_untrusted_server_ends_the_join_and_names_the_flag()
    {
        await using var plane = await FakeControlPlane.StartAsync(tls: true);

        var end = await Assert.ThrowsAsync<HopelessException>(() => JoinAsync(Settings(plane)));

        Assert.Contains("--ca-file", end.Message, StringComparison.Ordinal);
        Assert.Empty(plane.Enrolled);
    }

    [Fact]
    public async Task From_two_thirds_of_its_life_on_the_certificate_is_renewed_for_a_new_key_and_the_next_stream_uses_it()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        plane.CertificateAge = TimeSpan.FromHours(20);
        plane.CertificateLeft = TimeSpan.FromHours(9);
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();

        var request = (await stream.UntilAsync(message => message.CertificateRequest.Length > 0)).CertificateRequest.ToByteArray();
        plane.CertificateAge = TimeSpan.FromMinutes(1);
        await stream.SendAsync(new() { Certificate = plane.Issue(request) });
        await stream.GiveAsync("builtin:noop", 1);
        await stream.FinishedAsync(1);
        stream.Abort();
        var again = await plane.NextStreamAsync();

        Assert.NotEqual(stream.Proof.Certificate.GetPublicKeyString(), again.Proof.Certificate.GetPublicKeyString());
        Assert.True(again.Proof.IsGenuine);
        using var stored = new IdentityStore(bench.State).Load();
        Assert.Equal(again.Proof.Certificate.Thumbprint, stored!.Certificate.Thumbprint);
    }

    [Fact]
    public async Task A_certificate_for_another_key_is_not_taken()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        plane.CertificateAge = TimeSpan.FromHours(20);
        plane.CertificateLeft = TimeSpan.FromHours(9);
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync();
        await stream.UntilAsync(message => message.CertificateRequest.Length > 0);

        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await stream.SendAsync(new() { Certificate = plane.Issue(AgentIdentity.Request(otherKey, "agent-1")) });
        await stream.GiveAsync("builtin:noop", 1);
        await stream.FinishedAsync(1);

        using var stored = new IdentityStore(bench.State).Load();
        Assert.Equal(stream.Proof.Certificate.Thumbprint, stored!.Certificate.Thumbprint);
    }

    [Fact]
    public async Task A_young_certificate_is_left_alone()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        await using var bench = await AgentBench.StartAsync(plane);
        var stream = await plane.NextStreamAsync();
        await stream.WelcomeAsync(welcome => welcome.HeartbeatInterval = new() { Nanos = 60_000_000 });

        await stream.UntilAsync(message => message.Heartbeat is not null);
        await stream.UntilAsync(message => message.Heartbeat is not null);

        Assert.DoesNotContain(stream.Read, message => message.CertificateRequest.Length > 0);
    }
}
