using Attune.Server.Identities;
using Attune.Server.Tests.Hosting;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Server.Tests.Identities;

public sealed class IdentityTests
{
    const string Everything = """[{"resource": "*", "actions": ["*"]}]""";

    static CancellationToken SoonEnough => Waiting.SoonEnough;

    [Fact]
    public async Task An_identity_is_made_found_listed_changed_and_removed()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));
        var attributes = new Struct { Fields = { ["team"] = Value.ForString("edge") } };

        var made = (await admin.CreateIdentityAsync(new()
        {
            Login = "Ada.L",
            DisplayName = "Ada",
            Password = "twelve chars",
            Attributes = attributes,
            PermissionSets = { "core.admin" },
        })).Identity;
        Assert.Equal(("Ada.L", "Ada", true), (made.Login, made.DisplayName, made.HasPassword));
        Assert.Equal(["core.admin"], made.PermissionSets);
        Assert.Equal(made, (await admin.GetIdentityAsync(new() { Login = "ada.l" })).Identity);

        var page = await admin.ListIdentitiesAsync(new() { PageSize = 1 });
        var rest = await admin.ListIdentitiesAsync(new() { PageSize = 1, PageToken = page.NextPageToken });
        Assert.Equal(["Ada.L", "admin"], page.Identities.Concat(rest.Identities).Select(each => each.Login));
        Assert.Equal("", rest.NextPageToken);

        var changed = (await admin.UpdateIdentityAsync(new()
        {
            Login = "ada.l",
            DisplayName = "Lovelace",
            UpdateMask = new() { Paths = { "display_name" } },
            Updated = made.Updated,
        })).Identity;
        Assert.Equal("Lovelace", changed.DisplayName);
        Assert.Equal(attributes, changed.Attributes);

        await admin.DeleteIdentityAsync(new() { Login = "ADA.L" });
        (await Refused.OfAsync(admin.GetIdentityAsync(new() { Login = "ada.l" }))).Is(StatusCode.NotFound, "IDENTITY_NOT_FOUND");
    }

    [Fact]
    public async Task Each_wrong_request_has_its_own_reason()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));

        (await Refused.OfAsync(admin.CreateIdentityAsync(new() { Login = "a b" }))).Is(StatusCode.InvalidArgument, "LOGIN_INVALID");
        (await Refused.OfAsync(admin.CreateIdentityAsync(new() { Login = "x\n" }))).Is(StatusCode.InvalidArgument, "LOGIN_INVALID");
        (await Refused.OfAsync(admin.CreateIdentityAsync(new() { Login = "ADMIN" }))).Is(StatusCode.AlreadyExists, "LOGIN_TAKEN");
        (await Refused.OfAsync(admin.CreateIdentityAsync(new() { Login = "a", Password = "11 chars..." })))
            .Is(StatusCode.InvalidArgument, "PASSWORD_TOO_SHORT");
        (await Refused.OfAsync(admin.CreateIdentityAsync(new() { Login = "a", PermissionSets = { "no.such" } })))
            .Is(StatusCode.NotFound, "PERMISSION_SET_NOT_FOUND");
        (await Refused.OfAsync(admin.CreateIdentityAsync(new() { Login = "a", DisplayName = "nul\0" })))
            .Is(StatusCode.InvalidArgument, "TEXT_INVALID");
        (await Refused.OfAsync(admin.UpdateIdentityAsync(new() { Login = "admin", UpdateMask = new() { Paths = { "login" } } })))
            .Is(StatusCode.InvalidArgument, "UPDATE_MASK_INVALID");
        (await Refused.OfAsync(admin.UpdateIdentityAsync(new() { Login = "no", UpdateMask = new() { Paths = { "display_name" } } })))
            .Is(StatusCode.NotFound, "IDENTITY_NOT_FOUND");
        (await Refused.OfAsync(admin.ListIdentitiesAsync(new() { PageSize = 1001 }))).Is(StatusCode.InvalidArgument, "PAGE_SIZE_INVALID");
    }

    [Fact]
    public async Task An_update_of_what_changed_since_it_was_read_is_aborted()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));
        var read = (await admin.GetIdentityAsync(new() { Login = "admin" })).Identity;
        UpdateIdentityRequest Change(string name)
            => new() { Login = "admin", DisplayName = name, UpdateMask = new() { Paths = { "display_name" } }, Updated = read.Updated };
        await admin.UpdateIdentityAsync(Change("first"));

        (await Refused.OfAsync(admin.UpdateIdentityAsync(Change("second")))).Is(StatusCode.Aborted, "STALE_UPDATE");
    }

    [Fact]
    public async Task Somebody_who_may_do_everything_remains_even_when_the_last_two_leave_at_once()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));
        await bench.AsNewAsync("second", Everything, SoonEnough);
        await bench.AsNewAsync("narrow", """[{"resource": "*", "actions": ["*"], "constraints": {"packs": ["a"]}}]""", SoonEnough);

        var leave = await Task.WhenAll(
            TryAsync(admin.DeleteIdentityAsync(new() { Login = "second" })),
            TryAsync(admin.UnassignPermissionSetAsync(new() { Login = "admin", PermissionSetRef = "core.admin" })));

        // Whichever came second was refused: by the rule, or because it had lost its right to ask.
        var refused = Assert.Single(leave.OfType<RpcException>());
        Assert.True(refused.Detail().Reason is "LAST_ADMIN" or "PERMISSION_DENIED");
        var left = await bench.ScalarAsync<string>(
            "select string_agg(login, ',' order by login) from identity join permission_assignment on identity.id = identity where login <> 'narrow'",
            SoonEnough);
        Assert.True(left is "admin" or "second");
    }

    [Fact]
    public async Task The_last_admin_can_neither_be_removed_nor_stripped()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));

        (await Refused.OfAsync(admin.DeleteIdentityAsync(new() { Login = "admin" }))).Is(StatusCode.FailedPrecondition, "LAST_ADMIN");
        (await Refused.OfAsync(admin.UnassignPermissionSetAsync(new() { Login = "admin", PermissionSetRef = "core.admin" })))
            .Is(StatusCode.FailedPrecondition, "LAST_ADMIN");
        Assert.Equal(["core.admin"], (await admin.GetIdentityAsync(new() { Login = "admin" })).Identity.PermissionSets);
    }

    [Fact]
    public async Task Nobody_hands_on_more_than_they_hold()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.AsAdminAsync(SoonEnough);
        var helper = new IdentityService.IdentityServiceClient(await bench.AsNewAsync(
            "helper",
            """
            [{"resource": "permission_sets", "actions": ["assign", "read"]}, {"resource": "identities", "actions": ["*"]},
             {"resource": "executions", "actions": ["start"], "constraints": {"packs": ["ops", "web"]}}]
            """,
            SoonEnough));
        await bench.AsNewAsync("ops", """[{"resource": "executions", "actions": ["start"], "constraints": {"packs": ["ops"]}}]""", SoonEnough);
        await bench.AsNewAsync("all", """[{"resource": "executions", "actions": ["start"]}]""", SoonEnough);
        await bench.AsNewAsync("star", """[{"resource": "identities", "actions": ["*"]}]""", SoonEnough);

        await helper.AssignPermissionSetAsync(new() { Login = "helper", PermissionSetRef = "test.ops" });
        await helper.AssignPermissionSetAsync(new() { Login = "helper", PermissionSetRef = "test.star" });
        foreach (var set in new[] { "test.all", "core.admin" })
        {
            (await Refused.OfAsync(helper.AssignPermissionSetAsync(new() { Login = "helper", PermissionSetRef = set })))
                .Is(StatusCode.PermissionDenied, "GRANT_EXCEEDS_OWN");
            (await Refused.OfAsync(helper.CreateIdentityAsync(new() { Login = "mine", PermissionSets = { set } })))
                .Is(StatusCode.PermissionDenied, "GRANT_EXCEEDS_OWN");
        }

        // Setting somebody's password is a way to become them.
        (await Refused.OfAsync(helper.SetPasswordAsync(new() { Login = "admin", NewPassword = "now it is mine" })))
            .Is(StatusCode.PermissionDenied, "GRANT_EXCEEDS_OWN");
        await helper.SetPasswordAsync(new() { Login = "ops", NewPassword = "a fresh password" });
    }

    [Fact]
    public async Task Giving_permission_sets_to_a_new_identity_needs_the_right_to_assign()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var maker = new IdentityService.IdentityServiceClient(
            await bench.AsNewAsync("maker", """[{"resource": "identities", "actions": ["create"]}]""", SoonEnough));

        (await Refused.OfAsync(maker.CreateIdentityAsync(new() { Login = "x", PermissionSets = { "test.maker" } })))
            .Is(StatusCode.PermissionDenied, "PERMISSION_DENIED");
        await maker.CreateIdentityAsync(new() { Login = "x" });
    }

    [Fact]
    public async Task An_api_token_is_shown_once_listed_revoked_and_stored_as_a_hash()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));
        var made = await admin.CreateTokenAsync(new() { Name = "ci", Ttl = Duration.FromTimeSpan(TimeSpan.FromHours(1)) });
        var me = new IdentityService.IdentityServiceClient(bench.With(made.Token));

        Assert.StartsWith("att_", made.Token);
        Assert.Equal(bench.Clock.GetUtcNow().AddHours(1), made.ApiToken.ExpiresAt.ToDateTimeOffset());
        Assert.Equal(NewToken.HashOf(made.Token), await bench.ScalarAsync<byte[]>("select token_hash from api_token where name = 'ci'", SoonEnough));
        await me.GetCurrentIdentityAsync(new());
        await bench.Get<ApiTokenUse>().FlushAsync(SoonEnough);
        var listed = (await admin.ListTokensAsync(new())).ApiTokens.Single(token => token.Name == "ci");
        Assert.Equal(bench.Clock.GetUtcNow(), listed.LastUsedAt.ToDateTimeOffset());

        await admin.RevokeTokenAsync(new() { TokenId = listed.Id });
        (await Refused.OfAsync(me.GetCurrentIdentityAsync(new()))).Is(StatusCode.Unauthenticated, "TOKEN_INVALID");
    }

    [Fact]
    public async Task An_api_token_ends_at_its_time_though_it_was_just_used()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));
        var made = await admin.CreateTokenAsync(new() { Name = "ci", Ttl = Duration.FromTimeSpan(TimeSpan.FromMinutes(1)) });
        var me = new IdentityService.IdentityServiceClient(bench.With(made.Token));
        bench.Clock.Advance(TimeSpan.FromSeconds(59));
        await me.GetCurrentIdentityAsync(new());

        bench.Clock.Advance(TimeSpan.FromSeconds(1));

        (await Refused.OfAsync(me.GetCurrentIdentityAsync(new()))).Is(StatusCode.Unauthenticated, "TOKEN_INVALID");
    }

    [Fact]
    public async Task Other_peoples_tokens_are_theirs()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));
        var made = await admin.CreateTokenAsync(new() { Name = "ci" });
        var person = new IdentityService.IdentityServiceClient(await bench.AsNewAsync("person", "[]", SoonEnough));

        (await Refused.OfAsync(person.ListTokensAsync(new() { Login = "admin" }))).Is(StatusCode.PermissionDenied, "PERMISSION_DENIED");
        (await Refused.OfAsync(person.RevokeTokenAsync(new() { TokenId = made.ApiToken.Id }))).Is(StatusCode.NotFound, "TOKEN_NOT_FOUND");
        (await Refused.OfAsync(person.SetPasswordAsync(new() { Login = "admin", NewPassword = "now it is mine" })))
            .Is(StatusCode.PermissionDenied, "PERMISSION_DENIED");
        Assert.Single((await person.ListTokensAsync(new())).ApiTokens);
        (await Refused.OfAsync(person.CreateTokenAsync(new() { Name = " " }))).Is(StatusCode.InvalidArgument, "NAME_INVALID");
        (await Refused.OfAsync(person.CreateTokenAsync(new() { Name = "x", Ttl = new() { Seconds = 59 } }))).Is(StatusCode.InvalidArgument, "TTL_INVALID");
    }

    static async Task<RpcException?> TryAsync<T>(AsyncUnaryCall<T> call)
    {
        try
        {
            await call;
            return null;
        }
        catch (RpcException exception)
        {
            return exception;
        }
    }
}
