using Attune.Testing;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Tests.Hosting;

public sealed class RequestIdTests
{
    static CancellationToken SoonEnough => Waiting.SoonEnough;

    [Fact]
    public async Task The_same_request_id_gets_the_first_answer_and_acts_once()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));

        var first = await admin.CreateTokenAsync(new() { RequestId = "once", Name = "ci" });
        var second = await admin.CreateTokenAsync(new() { RequestId = "once", Name = "ci" });

        Assert.Equal(first, second);
        Assert.Equal(1, await bench.ScalarAsync<long>("select count(*) from api_token where name = 'ci'", SoonEnough));
        var stored = await bench.ScalarAsync<byte[]>("select answer from request", SoonEnough);
        Assert.DoesNotContain(first.Token, System.Text.Encoding.Latin1.GetString(stored));
    }

    [Fact]
    public async Task Another_identity_rpc_or_day_is_another_request()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));
        var other = new IdentityService.IdentityServiceClient(
            await bench.AsNewAsync("other", """[{"resource": "*", "actions": ["*"]}]""", SoonEnough));

        var tokens = new[]
        {
            await admin.CreateTokenAsync(new() { RequestId = "x", Name = "a" }),
            await other.CreateTokenAsync(new() { RequestId = "x", Name = "a" }),
        };
        await admin.RevokeTokenAsync(new() { RequestId = "x", TokenId = tokens[0].ApiToken.Id });
        bench.Clock.Advance(TimeSpan.FromHours(25));
        var nextDay = await admin.CreateTokenAsync(new() { RequestId = "x", Name = "a" });

        Assert.Equal(3, tokens.Append(nextDay).Select(each => each.Token).Distinct().Count());
    }

    [Fact]
    public async Task A_failure_is_not_kept()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));

        (await Refused.OfAsync(admin.AssignPermissionSetAsync(
            new() { RequestId = "x", Login = "later", PermissionSetRef = "core.admin" }))).Is(StatusCode.NotFound, "IDENTITY_NOT_FOUND");
        await admin.CreateIdentityAsync(new() { Login = "later" });

        var assigned = await admin.AssignPermissionSetAsync(new() { RequestId = "x", Login = "later", PermissionSetRef = "core.admin" });
        Assert.Equal(["core.admin"], assigned.Identity.PermissionSets);
    }

    [Fact]
    public async Task A_twin_of_a_call_under_way_is_told_to_wait_and_takes_over_from_a_dead_one()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));
        await using (var insert = bench.Database.Db.CreateCommand(
            """
            insert into request (identity, rpc, request_id, created)
            select id, '/attune.v1.IdentityService/CreateToken', 'x', $1 from identity where login = 'admin'
            """))
        {
            insert.Parameters.Add(new() { Value = bench.Clock.GetUtcNow().UtcDateTime });
            await insert.ExecuteNonQueryAsync(SoonEnough);
        }

        (await Refused.OfAsync(admin.CreateTokenAsync(new() { RequestId = "x", Name = "a" }))).Is(StatusCode.Aborted, "REQUEST_IN_PROGRESS");
        bench.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.StartsWith("att_", (await admin.CreateTokenAsync(new() { RequestId = "x", Name = "a" })).Token);
    }

    [Fact]
    public async Task A_request_id_has_at_most_128_characters()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));

        await admin.CreateTokenAsync(new() { RequestId = new('x', 128), Name = "a" });
        (await Refused.OfAsync(admin.CreateTokenAsync(new() { RequestId = new('x', 129), Name = "a" })))
            .Is(StatusCode.InvalidArgument, "REQUEST_ID_TOO_LONG");
    }
}
