using Attune.V1;

namespace Attune.Cli.Tests.Commands;

public sealed class AdministrationTests
{
    [Fact]
    public async Task A_join_token_is_alone_on_stdout()
    {
        await using var bench = await CliBench.StartAsync();

        var made = await bench.RunAsync("agent", "token", "create", "--role", "hybrid", "--label", "zone=edge", "--ttl", "10m");

        Assert.Equal("atj_secret\n", made.Output);
        Assert.DoesNotContain("atj_secret", made.Errors);
        var asked = Assert.Single(bench.Plane.Workers.JoinTokens);
        Assert.Equal((WorkerRole.Hybrid, "edge", TimeSpan.FromMinutes(10)), (asked.Role, asked.Labels["zone"], asked.Ttl.ToTimeSpan()));
    }

    [Fact]
    public async Task An_API_token_is_alone_on_stdout()
    {
        await using var bench = await CliBench.StartAsync();

        Assert.Equal("att_secret\n", (await bench.RunAsync("token", "create", "ci", "--ttl", "30d")).Output);
    }

    [Fact]
    public async Task A_user_is_made_with_a_password_from_stdin()
    {
        await using var bench = await CliBench.StartAsync();

        var made = await bench.RunAsync(
            "a long password\n",
            ["user", "create", "grace", "--name", "Grace", "--attribute", "team=navy", "-p", "core.viewer", "--password-stdin"]);

        Assert.Equal(0, made.ExitCode);
        var asked = Assert.Single(bench.Plane.Identities.Created);
        Assert.Equal(("grace", "a long password", "Grace"), (asked.Login, asked.Password, asked.DisplayName));
        Assert.Equal("navy", asked.Attributes.Fields["team"].StringValue);
        Assert.Equal(["core.viewer"], asked.PermissionSets);
    }

    [Fact]
    public async Task Two_different_passwords_make_no_user()
    {
        await using var bench = await CliBench.StartAsync();

        var made = await bench.OnTerminalAsync("one long password\ranother password\r", "user create grace");

        Assert.Equal(2, made.ExitCode);
        Assert.Empty(bench.Plane.Identities.Created);
        Assert.Contains("not the same", made.Output);
    }

    [Fact]
    public async Task A_drain_carries_its_deadline_and_reason()
    {
        await using var bench = await CliBench.StartAsync();

        await bench.RunAsync("worker", "drain", "edge-1", "--deadline", "5m", "--reason", "kernel");

        var asked = Assert.Single(bench.Plane.Workers.Drained);
        Assert.Equal(("edge-1", "kernel", TimeSpan.FromMinutes(5)), (asked.Name, asked.Reason, asked.Deadline.ToTimeSpan()));
    }

    [Fact]
    public void Every_command_explains_itself()
    {
        foreach (var command in Leaves(CommandLine.Build()))
        {
            Assert.NotEqual("", command.Description ?? "");
            Assert.All(command.Options.Where(option => !option.Hidden), option => Assert.NotEqual("", option.Description ?? ""));
            Assert.All(command.Arguments, argument => Assert.NotEqual("", argument.Description ?? ""));
            Assert.NotNull(command.Action);
        }
    }

    static IEnumerable<System.CommandLine.Command> Leaves(System.CommandLine.Command command)
        => command.Subcommands.Count is 0 ? [command] : command.Subcommands.SelectMany(Leaves);
}
