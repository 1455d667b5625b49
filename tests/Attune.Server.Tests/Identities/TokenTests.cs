using System.Text;
using Attune.Server.Identities;
using Attune.Server.Tests.Hosting;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Attune.Server.Tests.Identities;

public sealed class TokenTests
{
    static CancellationToken SoonEnough => Waiting.SoonEnough;

    [Fact]
    public async Task An_executions_token_has_its_sets_grants_and_ends_with_it()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.AsNewAsync("reader", """[{"resource": "identities", "actions": ["read"]}]""", SoonEnough);
        var executionId = await bench.ScalarAsync<long>(
            "insert into execution (action_ref, status) values ('core.x', 'running') returning id", SoonEnough);
        var token = bench.Get<TokenService>().ForExecution(executionId, ["test.reader"], TimeSpan.FromHours(1));
        var action = new IdentityService.IdentityServiceClient(bench.With(token));

        var me = await action.GetCurrentIdentityAsync(new());
        Assert.Equal($"execution:{executionId}", me.Identity.Login);
        await action.GetIdentityAsync(new() { Login = "reader" });
        (await Refused.OfAsync(action.CreateIdentityAsync(new() { Login = "x" }))).Is(StatusCode.PermissionDenied, "PERMISSION_DENIED");
        (await Refused.OfAsync(action.CreateTokenAsync(new() { Name = "longer life" }))).Is(StatusCode.PermissionDenied, "IDENTITY_REQUIRED");

        await bench.ExecuteAsync("update execution set status = 'completed'", SoonEnough);
        bench.Clock.Advance(TimeSpan.FromSeconds(31));
        (await Refused.OfAsync(action.GetCurrentIdentityAsync(new()))).Is(StatusCode.Unauthenticated, "TOKEN_INVALID");
    }

    [Fact]
    public async Task Replicas_accept_each_others_tokens()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await using var other = await bench.StartReplicaAsync(SoonEnough);
        await bench.AsAdminAsync(SoonEnough);
        var login = await bench.Identities.LoginAsync(new() { Login = "admin", Password = EdgeBench.AdminPassword });

        await new IdentityService.IdentityServiceClient(other.With(login.AccessToken)).GetCurrentIdentityAsync(new());

        Assert.Equal(1, await bench.ScalarAsync<long>("select count(*) from signing_key", SoonEnough));
        Assert.Equal(1, await bench.ScalarAsync<long>("select count(*) from certificate_authority", SoonEnough));
    }

    [Fact]
    public async Task Replicas_that_start_together_make_one_key_and_one_authority()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.ExecuteAsync("delete from signing_key; delete from certificate_authority", SoonEnough);

        var replicas = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => bench.StartReplicaAsync(SoonEnough)));
        foreach (var replica in replicas)
            await replica.DisposeAsync();

        Assert.Equal(1, await bench.ScalarAsync<long>("select count(*) from signing_key", SoonEnough));
        Assert.Equal(1, await bench.ScalarAsync<long>("select count(*) from certificate_authority", SoonEnough));
    }

    [Fact]
    public async Task A_deleted_identitys_access_token_ends_at_once()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));
        await admin.CreateIdentityAsync(new() { Login = "leaver", Password = "twelve chars" });
        var login = await bench.Identities.LoginAsync(new() { Login = "leaver", Password = "twelve chars" });
        var leaver = new IdentityService.IdentityServiceClient(bench.With(login.AccessToken));
        await leaver.GetCurrentIdentityAsync(new());

        await admin.DeleteIdentityAsync(new() { Login = "leaver" });

        (await Refused.OfAsync(leaver.GetCurrentIdentityAsync(new()))).Is(StatusCode.Unauthenticated, "TOKEN_INVALID");
    }

    [Fact]
    public async Task Tokens_that_we_did_not_sign_as_we_sign_are_nothing()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.AsAdminAsync(SoonEnough);
        var tokens = bench.Get<TokenService>();
        var good = tokens.ForIdentity(1).Text;
        Assert.NotNull(await tokens.ReadAsync(good, SoonEnough));
        var keyId = new JsonWebToken(good).Kid;
        var parts = good.Split('.');

        var forged = new[]
        {
            Sign(new(Encoding.UTF8.GetBytes(new string('k', 64))) { KeyId = keyId }, "attune", SecurityAlgorithms.HmacSha256, bench),
            Sign(new(Encoding.UTF8.GetBytes(new string('k', 64))) { KeyId = "unknown" }, "attune", SecurityAlgorithms.HmacSha256, bench),
            Sign(bench.Get<SigningKeys>().Current.Key as SymmetricSecurityKey, "somebody", SecurityAlgorithms.HmacSha256, bench),
            Sign(bench.Get<SigningKeys>().Current.Key as SymmetricSecurityKey, "attune", SecurityAlgorithms.HmacSha512, bench),
            $"{parts[0]}.{Base64UrlEncoder.Encode(Base64UrlEncoder.Decode(parts[1]).Replace("\"sub\":\"1\"", "\"sub\":\"2\""))}.{parts[2]}",
            $"{Base64UrlEncoder.Encode($$"""{"alg":"none","typ":"JWT","kid":"{{keyId}}"}""")}.{parts[1]}.",
        };

        foreach (var token in forged)
            Assert.Null(await tokens.ReadAsync(token, SoonEnough));
    }

    [Fact]
    public async Task To_recognise_a_caller_again_allocates_nothing()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.AsAdminAsync(SoonEnough);
        var callers = bench.Get<CallerCache>();
        var token = bench.Get<TokenService>().ForIdentity(1).Text;
        await callers.LoadAsync(token, SoonEnough);

        // Compiled for good first; that allocates. What the start still changes may make the cache forget once.
        for (var call = 0; call < 1000; call++)
        {
            if (!callers.TryFind(token, out _))
                await callers.LoadAsync(token, SoonEnough);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var call = 0; call < 1000; call++)
            callers.TryFind(token, out _);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    static string Sign(SymmetricSecurityKey? key, string issuer, string algorithm, EdgeBench bench)
        => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = "attune",
            Claims = new Dictionary<string, object> { ["sub"] = "1" },
            NotBefore = bench.Clock.GetUtcNow().UtcDateTime,
            Expires = bench.Clock.GetUtcNow().UtcDateTime.AddMinutes(5),
            SigningCredentials = new(key, algorithm),
        });
}
