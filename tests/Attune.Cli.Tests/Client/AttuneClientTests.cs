using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Attune.Cli.Tests.Planes;
using Attune.Protos.Client;
using Attune.V1;
using Grpc.Core;

namespace Attune.Cli.Tests.Client;

public sealed class AttuneClientTests
{
    [Fact]
    public async Task A_mutation_is_repeated_with_the_same_request_id()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        using var client = Connect(plane);
        plane.Fail("CancelExecution", FakeControlPlane.Failure(StatusCode.Unavailable));
        var request = new CancelExecutionRequest { ExecutionId = 7 };

        await client.Executions.CancelExecutionAsync(request);
        await client.Executions.CancelExecutionAsync(request);

        Assert.Equal(3, plane.CountOf("CancelExecution"));
        Assert.Equal(2, plane.Executions.Cancelled.Select(each => each.RequestId).Where(id => id is not "").Distinct().Count());
        Assert.Equal("", request.RequestId);
    }

    [Fact]
    public async Task What_could_happen_twice_is_not_repeated()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        using var client = Connect(plane);
        plane.Fail("Login", FakeControlPlane.Failure(StatusCode.Unavailable, "DATABASE_UNAVAILABLE"));

        var failure = await Assert.ThrowsAsync<AttuneException>(() => client.LoginAsync("ada", FakeIdentities.Password, CancellationToken.None));

        Assert.Equal((StatusCode.Unavailable, "DATABASE_UNAVAILABLE"), (failure.StatusCode, failure.Reason));
        Assert.Equal(1, plane.CountOf("Login"));
    }

    [Fact]
    public async Task Repeating_has_an_end()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        using var client = Connect(plane);
        plane.Fail("GetExecution", [.. Enumerable.Range(0, 10).Select(_ => FakeControlPlane.Failure(StatusCode.Unavailable))]);

        await Assert.ThrowsAsync<AttuneException>(() => client.Executions.GetExecutionAsync(new() { ExecutionId = 7 }).ResponseAsync);

        Assert.Equal(client.Options.AttemptsMax, plane.CountOf("GetExecution"));
    }

    [Fact]
    public async Task A_failure_carries_all_that_the_server_said()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        using var client = Connect(plane);
        plane.Fail("GetExecution", FakeControlPlane.Failure(StatusCode.InvalidArgument, "SOME_REASON", "The sentence.", ("a.b", "is wrong")));

        var failure = await Assert.ThrowsAsync<AttuneException>(
            () => client.Executions.GetExecutionAsync(new() { ExecutionId = 7 }).ResponseAsync);

        Assert.Equal(("SOME_REASON", "The sentence."), (failure.Reason, failure.Message));
        Assert.Equal(("a.b", "is wrong"), (failure.FieldViolations[0].Field, failure.FieldViolations[0].Description));
        Assert.Equal("executions: start", failure.Metadata["permission"]);
    }

    [Fact]
    public async Task A_stream_fails_as_typed_as_a_call()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        using var client = Connect(plane);
        plane.Fail("WatchExecution", FakeControlPlane.Failure(StatusCode.NotFound, "EXECUTION_NOT_FOUND"));
        using var call = client.Executions.WatchExecution(new());

        var failure = await Assert.ThrowsAsync<AttuneException>(() => call.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal("EXECUTION_NOT_FOUND", failure.Reason);
    }

    [Fact]
    public async Task Many_calls_wait_for_one_renewal()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        using var client = Connect(plane, AttuneCredentials.Login(new("old", DateTimeOffset.UnixEpoch, "refresh-0")));

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.Identities.GetCurrentIdentityAsync(new()).ResponseAsync));

        Assert.Equal(["refresh-0"], plane.Identities.Refreshed);
    }

    [Fact]
    public async Task A_token_that_the_server_no_longer_knows_is_replaced_once()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        using var client = Connect(plane);
        await client.LoginAsync("ada", FakeIdentities.Password, CancellationToken.None);
        plane.Fail("GetCurrentIdentity", FakeControlPlane.Failure(StatusCode.Unauthenticated));

        await client.Identities.GetCurrentIdentityAsync(new());

        Assert.Equal(["refresh-1"], plane.Identities.Refreshed);
        Assert.Equal("Bearer access-2", plane.Calls.Last().Authorization);
    }

    [Fact]
    public async Task An_API_token_that_is_refused_stays_refused()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        using var client = Connect(plane, AttuneCredentials.ApiToken("att_x"));
        plane.Fail("GetCurrentIdentity", FakeControlPlane.Failure(StatusCode.Unauthenticated));

        await Assert.ThrowsAsync<AttuneException>(() => client.Identities.GetCurrentIdentityAsync(new()).ResponseAsync);

        Assert.Equal(1, plane.CountOf("GetCurrentIdentity"));
    }

    [Fact]
    public async Task A_call_that_is_given_up_ends()
    {
        await using var plane = await FakeControlPlane.StartAsync();
        using var client = Connect(plane);
        using var given = new CancellationTokenSource();
        await given.CancelAsync();

        var failure = await Assert.ThrowsAnyAsync<RpcException>(
            () => client.Executions.GetExecutionAsync(new() { ExecutionId = 7 }, cancellationToken: given.Token).ResponseAsync);

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
    }

    [Theory]
    [InlineData("http://example.com:7700")]
    [InlineData("ftp://localhost")]
    [InlineData("localhost:7700")]
    public void An_address_that_would_leak_the_login_or_is_none_is_refused(string address)
        => Assert.Throws<ArgumentException>(() => new AttuneClient(new() { Address = new(address, UriKind.RelativeOrAbsolute) }));

    [Fact]
    public void Cleartext_beyond_this_machine_can_be_insisted_on()
        => new AttuneClient(new() { Address = new("http://example.com:7700"), AllowCleartext = true }).Dispose();

    [Fact]
    public async Task TLS_is_checked_against_the_given_authority_alone()
    {
        var (authority, server) = Certificates();
        var stranger = Certificates().Authority;
        await using var plane = await FakeControlPlane.StartAsync(server);
        var caFile = Path.GetTempFileName();
        var strangerFile = Path.GetTempFileName();
        await File.WriteAllTextAsync(caFile, authority.ExportCertificatePem());
        await File.WriteAllTextAsync(strangerFile, stranger.ExportCertificatePem());

        using var client = new AttuneClient(new() { Address = new(plane.Address), CaFile = caFile });
        using var misled = new AttuneClient(new() { Address = new(plane.Address), CaFile = strangerFile, AttemptsMax = 1 });

        Assert.Equal("9.8.7", (await client.System.GetVersionAsync(new())).Version);
        await Assert.ThrowsAsync<AttuneException>(() => misled.System.GetVersionAsync(new()).ResponseAsync);
        File.Delete(caFile);
        File.Delete(strangerFile);
    }

    static AttuneClient Connect(FakeControlPlane plane, AttuneCredentials? credentials = null) => new(new()
    {
        Address = new(plane.Address),
        Credentials = credentials,
        RetryDelay = TimeSpan.FromMilliseconds(1),
    });

    static (X509Certificate2 Authority, X509Certificate2 Server) Certificates()
    {
        var from = TimeProvider.System.GetUtcNow() - TimeSpan.FromHours(1);
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var authority = request.CreateSelfSigned(from, from + TimeSpan.FromDays(1));

        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = new CertificateRequest("CN=127.0.0.1", serverKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        leaf.CertificateExtensions.Add(names.Build());
        using var signed = leaf.Create(authority, from, from + TimeSpan.FromHours(12), [1, 2, 3, 4]);
        using var whole = signed.CopyWithPrivateKey(serverKey);
        return (authority, X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pfx), null));
    }
}
