using Attune.Cli.Configuration;
using Attune.Cli.Tests.Planes;

namespace Attune.Cli.Tests.Commands;

public sealed class LoginTests
{
    [Fact]
    public async Task A_login_is_kept_and_used()
    {
        await using var bench = await CliBench.StartAsync();

        await bench.LogInAsync();
        var who = await bench.RunAsync("whoami");

        Assert.Equal(0, who.ExitCode);
        Assert.Contains("core.executor", who.Output);
        Assert.Contains("executions: start, read", who.Output);
        Assert.Contains(bench.Plane.Calls, call => call.Method.EndsWith("/GetCurrentIdentity", StringComparison.Ordinal) && call.Authorization is "Bearer access-1");
        var profile = Read(bench).ByName["default"];
        Assert.Equal((bench.Plane.Address, "ada", "refresh-1"), (profile.Server, profile.Login, profile.RefreshToken));
    }

    [Fact]
    public async Task A_wrong_password_is_not_allowed_and_nothing_is_kept()
    {
        await using var bench = await CliBench.StartAsync();

        var login = await bench.RunAsync("guess\n", ["login", "--login", "ada", "--password-stdin"]);

        Assert.Equal(4, login.ExitCode);
        Assert.Contains("Check the name and the password.", login.Errors);
        Assert.DoesNotContain("guess", login.Errors);
        Assert.False(File.Exists(bench.ConfigFile));
    }

    [Fact]
    public async Task A_password_is_never_an_option()
    {
        await using var bench = await CliBench.StartAsync();

        var login = await bench.RunAsync("login", "--login", "ada", "--password", "x");

        Assert.Equal(2, login.ExitCode);
        Assert.Equal(0, bench.Plane.CountOf("Login"));
    }

    [Fact]
    public async Task Without_a_terminal_it_says_how_to_give_the_password()
    {
        await using var bench = await CliBench.StartAsync();

        var login = await bench.RunAsync("login", "--login", "ada");

        Assert.Equal(2, login.ExitCode);
        Assert.Contains("--password-stdin", login.Errors);
    }

    [Fact]
    public async Task On_a_terminal_the_password_is_asked_for_and_not_shown()
    {
        await using var bench = await CliBench.StartAsync();

        var login = await bench.OnTerminalAsync(FakeIdentities.Password + "\r", "login --login ada");

        Assert.Equal(0, login.ExitCode);
        Assert.Contains("Password of ada", login.Output);
        Assert.Contains("Logged in", login.Output);
    }

    [Fact]
    public async Task A_token_that_has_ended_is_renewed_once_by_all_who_need_it_and_kept()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Identities.AccessTokenLifetime = TimeSpan.Zero;
        await bench.LogInAsync();
        bench.Plane.Identities.AccessTokenLifetime = TimeSpan.FromMinutes(15);

        var runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => bench.RunAsync("whoami")));

        Assert.All(runs, run => Assert.Equal(0, run.ExitCode));
        Assert.Equal(["refresh-1"], bench.Plane.Identities.Refreshed);
        Assert.Equal("refresh-2", Read(bench).ByName["default"].RefreshToken);
    }

    [Fact]
    public async Task A_login_that_has_ended_for_good_says_to_log_in()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Identities.AccessTokenLifetime = TimeSpan.Zero;
        await bench.LogInAsync();
        bench.Plane.Identities.Refreshed.Enqueue("refresh-1");

        var who = await bench.RunAsync("whoami");

        Assert.Equal(4, who.ExitCode);
        Assert.Contains("The login has ended.", who.Errors);
        Assert.Contains("attune login", who.Errors);
    }

    [Fact]
    public async Task A_token_from_the_environment_goes_before_the_login()
    {
        await using var bench = await CliBench.StartAsync();
        await bench.LogInAsync();

        await bench.RunAsync(null, ["whoami"], ("ATTUNE_TOKEN", "att_env"));

        Assert.Equal("Bearer att_env", bench.Plane.Calls.Last().Authorization);
    }

    [Fact]
    public async Task A_login_goes_to_no_other_server()
    {
        await using var bench = await CliBench.StartAsync();
        await bench.LogInAsync();
        await using var other = await FakeControlPlane.StartAsync();

        var who = await bench.RunAsync("whoami", "--server", other.Address);

        Assert.Equal(4, who.ExitCode);
        Assert.Null(other.Calls.Single().Authorization);
        Assert.Contains($"You are not logged in to {other.Address}.", who.Errors);
        Assert.Contains($"Your login is for {bench.Plane.Address}", who.Errors);
    }

    [Fact]
    public async Task A_second_profile_is_by_itself_at_the_same_server()
    {
        await using var bench = await CliBench.StartAsync();
        await bench.LogInAsync();

        var second = await bench.RunAsync(
            FakeIdentities.Password + "\n", ["login", "--login", "ada", "--password-stdin", "--profile", "second"], ("ATTUNE_SERVER", ""));

        Assert.Equal(0, second.ExitCode);
        Assert.Equal(bench.Plane.Address, Read(bench).ByName["second"].Server);
    }

    [Fact]
    public async Task Profiles_are_kept_apart()
    {
        await using var bench = await CliBench.StartAsync();
        await bench.LogInAsync();
        await bench.RunAsync(FakeIdentities.Password + "\n", ["login", "--login", "ada", "--password-stdin", "--profile", "second"]);

        await bench.RunAsync("whoami", "--profile", "default");
        var first = bench.Plane.Calls.Last().Authorization;
        await bench.RunAsync("whoami");

        Assert.Equal(("Bearer access-1", "Bearer access-2"), (first, bench.Plane.Calls.Last().Authorization));
    }

    [Fact]
    public async Task Logging_out_forgets_the_tokens()
    {
        await using var bench = await CliBench.StartAsync();
        await bench.LogInAsync();

        await bench.RunAsync("logout");
        var who = await bench.RunAsync("whoami");

        Assert.DoesNotContain("access-1", await File.ReadAllTextAsync(bench.ConfigFile));
        Assert.DoesNotContain("refresh-1", await File.ReadAllTextAsync(bench.ConfigFile));
        Assert.Equal(4, who.ExitCode);
    }

    static Profiles Read(CliBench bench) => new ConfigurationFile(bench.ConfigFile, TextWriter.Null).Read();
}
