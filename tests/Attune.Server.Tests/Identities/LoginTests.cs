using Attune.Server.Identities;
using Attune.Server.Tests.Hosting;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Tests.Identities;

public sealed class LoginTests
{
    static CancellationToken SoonEnough => Waiting.SoonEnough;

    [Fact]
    public async Task A_password_is_traded_for_tokens_that_work_until_they_end()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.AsAdminAsync(SoonEnough);

        var login = await bench.Identities.LoginAsync(new() { Login = "ADMIN", Password = EdgeBench.AdminPassword });

        Assert.Equal("admin", login.Identity.Login);
        Assert.Equal(bench.Clock.GetUtcNow() + TimeSpan.FromMinutes(15), login.AccessTokenExpiresAt.ToDateTimeOffset());
        var me = new IdentityService.IdentityServiceClient(bench.With(login.AccessToken));
        Assert.Equal("*", (await me.GetCurrentIdentityAsync(new())).Grants.Single().Resource);
        bench.Clock.Advance(TimeSpan.FromMinutes(15));
        (await Refused.OfAsync(me.GetCurrentIdentityAsync(new()))).Is(StatusCode.Unauthenticated, "TOKEN_INVALID");
    }

    [Theory]
    [InlineData("admin", "wrong password")]
    [InlineData("admin", "")]
    [InlineData("nobody", EdgeBench.AdminPassword)]
    [InlineData("no such login!", EdgeBench.AdminPassword)]
    [InlineData("", "")]
    public async Task What_was_wrong_is_not_said(string login, string password)
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.AsAdminAsync(SoonEnough);

        var refused = await Refused.OfAsync(bench.Identities.LoginAsync(new() { Login = login, Password = password }));

        refused.Is(StatusCode.Unauthenticated, "LOGIN_FAILED");
        Assert.Equal("Login or password is wrong.", refused.Status.Detail);
    }

    [Fact]
    public async Task An_identity_without_a_password_cannot_log_in()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.AsNewAsync("robot", "[]", SoonEnough);

        (await Refused.OfAsync(bench.Identities.LoginAsync(new() { Login = "robot", Password = "" })))
            .Is(StatusCode.Unauthenticated, "LOGIN_FAILED");
    }

    [Fact]
    public async Task A_refresh_token_works_once_and_its_second_use_ends_the_login()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.AsAdminAsync(SoonEnough);
        var login = await bench.Identities.LoginAsync(new() { Login = "admin", Password = EdgeBench.AdminPassword });
        var otherLogin = await bench.Identities.LoginAsync(new() { Login = "admin", Password = EdgeBench.AdminPassword });

        var second = await bench.Identities.RefreshTokenAsync(new() { RefreshToken = login.RefreshToken });
        var third = await bench.Identities.RefreshTokenAsync(new() { RefreshToken = second.RefreshToken });
        await new IdentityService.IdentityServiceClient(bench.With(third.AccessToken)).GetCurrentIdentityAsync(new());

        foreach (var token in new[] { second.RefreshToken, third.RefreshToken })
            (await Refused.OfAsync(bench.Identities.RefreshTokenAsync(new() { RefreshToken = token })))
                .Is(StatusCode.Unauthenticated, "REFRESH_TOKEN_INVALID");
        await bench.Identities.RefreshTokenAsync(new() { RefreshToken = otherLogin.RefreshToken });
    }

    [Fact]
    public async Task Of_twenty_who_refresh_with_one_token_at_most_one_goes_on()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.AsAdminAsync(SoonEnough);
        var login = await bench.Identities.LoginAsync(new() { Login = "admin", Password = EdgeBench.AdminPassword });

        var tries = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            try
            {
                await bench.Identities.RefreshTokenAsync(new() { RefreshToken = login.RefreshToken });
                return true;
            }
            catch (RpcException exception) when (exception.StatusCode is StatusCode.Unauthenticated)
            {
                return false;
            }
        }));

        Assert.Single(tries, won => won);
        Assert.Equal(0, await bench.ScalarAsync<long>("select count(*) from refresh_token where revoked_at is null", SoonEnough));
    }

    [Fact]
    public async Task A_refresh_token_ends_after_30_days_and_is_kept_as_a_hash_only()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.AsAdminAsync(SoonEnough);
        var login = await bench.Identities.LoginAsync(new() { Login = "admin", Password = EdgeBench.AdminPassword });

        Assert.Equal(NewToken.HashOf(login.RefreshToken), await bench.ScalarAsync<byte[]>("select token_hash from refresh_token", SoonEnough));
        bench.Clock.Advance(TimeSpan.FromDays(30));
        (await Refused.OfAsync(bench.Identities.RefreshTokenAsync(new() { RefreshToken = login.RefreshToken })))
            .Is(StatusCode.Unauthenticated, "REFRESH_TOKEN_INVALID");
    }

    [Fact]
    public async Task Guessing_is_slowed_down_however_many_guess_at_once()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        await bench.AsAdminAsync(SoonEnough);

        var refusals = await Task.WhenAll(Enumerable.Range(0, 30).Select(
            async guess => (await Refused.OfAsync(bench.Identities.LoginAsync(new() { Login = "admin", Password = $"guess {guess}" })))));

        Assert.Equal(5, refusals.Count(refused => refused.Detail().Reason == "LOGIN_FAILED"));
        var throttled = refusals.Where(refused => refused.Detail().Reason == "LOGIN_THROTTLED").ToList();
        Assert.Equal(25, throttled.Count);
        Assert.All(throttled, refused => Assert.Equal("30", refused.Detail().Metadata["retry_after_seconds"]));

        var right = new LoginRequest { Login = "Admin", Password = EdgeBench.AdminPassword };
        (await Refused.OfAsync(bench.Identities.LoginAsync(right))).Is(StatusCode.ResourceExhausted, "LOGIN_THROTTLED");
        bench.Clock.Advance(TimeSpan.FromSeconds(31));
        await bench.Identities.LoginAsync(right);
        Assert.Equal(0, await bench.ScalarAsync<long>("select count(*) from login_failure", SoonEnough));
    }

    [Fact]
    public async Task Each_failure_after_the_fifth_doubles_the_wait_up_to_a_quarter_of_an_hour()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var throttle = bench.Get<LoginThrottle>();
        for (var attempt = 0; attempt < 5; attempt++)
            Assert.Null(await throttle.CountTryAsync("somebody", "", SoonEnough));

        foreach (var seconds in new[] { 30, 60, 120, 240, 480, 900, 900 })
        {
            var failure = await throttle.CountTryAsync("SomeBody", "", SoonEnough);
            Assert.Equal($"{seconds}", failure?.Metadata["retry_after_seconds"]);
            bench.Clock.Advance(TimeSpan.FromSeconds(seconds));
            Assert.Null(await throttle.CountTryAsync("somebody", "", SoonEnough));
        }

        bench.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Null(await throttle.CountTryAsync("somebody", "", SoonEnough));
        Assert.Null(await throttle.CountTryAsync("somebody", "", SoonEnough));
    }

    [Fact]
    public async Task A_new_password_ends_the_refresh_tokens_and_needs_the_old_one()
    {
        await using var bench = await EdgeBench.StartAsync(SoonEnough);
        var admin = new IdentityService.IdentityServiceClient(await bench.AsAdminAsync(SoonEnough));
        var login = await bench.Identities.LoginAsync(new() { Login = "admin", Password = EdgeBench.AdminPassword });
        const string next = "another good password";

        (await Refused.OfAsync(admin.SetPasswordAsync(new() { NewPassword = next, CurrentPassword = "wrong" })))
            .Is(StatusCode.PermissionDenied, "CURRENT_PASSWORD_WRONG");
        (await Refused.OfAsync(admin.SetPasswordAsync(new() { NewPassword = "short", CurrentPassword = EdgeBench.AdminPassword })))
            .Is(StatusCode.InvalidArgument, "PASSWORD_TOO_SHORT");
        await admin.SetPasswordAsync(new() { NewPassword = next, CurrentPassword = EdgeBench.AdminPassword });

        (await Refused.OfAsync(bench.Identities.RefreshTokenAsync(new() { RefreshToken = login.RefreshToken })))
            .Is(StatusCode.Unauthenticated, "REFRESH_TOKEN_INVALID");
        (await Refused.OfAsync(bench.Identities.LoginAsync(new() { Login = "admin", Password = EdgeBench.AdminPassword })))
            .Is(StatusCode.Unauthenticated, "LOGIN_FAILED");
        await bench.Identities.LoginAsync(new() { Login = "admin", Password = next });
    }

    [Fact]
    public async Task A_password_is_hashed_with_a_salt()
    {
        using var hashing = new PasswordHashing();

        var hashes = new[] { await hashing.HashAsync("the same password", SoonEnough), await hashing.HashAsync("the same password", SoonEnough) };

        Assert.NotEqual(hashes[0], hashes[1]);
        Assert.Equal(PasswordVerdict.Right, await hashing.VerifyAsync(hashes[1], "the same password", SoonEnough));
        Assert.Equal(PasswordVerdict.Wrong, await hashing.VerifyAsync(hashes[1], "the same passwore", SoonEnough));
        Assert.Equal(PasswordVerdict.Wrong, await hashing.VerifyAsync(null, "the same password", SoonEnough));
    }
}
