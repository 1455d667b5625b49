using Attune.Testing;

namespace Attune.EndToEnd.Tests.FirstRun;

/// <summary>The README's first run: every command as it is printed there.</summary>
[Collection(DevSite.Collection)]
public sealed class ReadmeTests(DevSite site)
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task Dev_says_what_to_do_next_and_its_login_is_its_owners_only()
    {
        Assert.Contains($"Attune is ready on {site.Dev.Address}", site.Dev.Process.Output);
        Assert.Contains("attune run core.echo message=hello --follow", site.Dev.Process.Output);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(site.Dev.CliConfig));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Path.Combine(site.StateDirectory, "admin-login")));

        var who = await site.AskAsync("whoami");
        Assert.Contains("admin", who.ToString());
    }

    [Fact]
    public async Task A_followed_run_prints_what_the_action_prints_and_ends_with_its_outcome()
    {
        var echo = await site.AttuneAsync("run", "core.echo", "message=hello", "--follow");
        Assert.Equal((0, "hello\n"), (echo.ExitCode, echo.Output));
        Assert.Matches("Execution [0-9]+ of core.echo\n(.*\n)*✓ completed in ", echo.Errors);

        var shell = await site.AttuneAsync("run", "core.shell", "command=echo working; echo careful >&2; exit 4", "--follow");
        Assert.Equal((1, "working\n"), (shell.ExitCode, shell.Output));
        Assert.Matches("careful\n✗ failed after .*: The process ended with exit code 4: careful", shell.Errors);
    }

    [Fact]
    public async Task A_script_gets_json_and_the_same_execution_by_every_other_command()
    {
        var ran = await site.AskAsync("run", "core.echo", "message=hello", "--follow");
        Assert.Equal("hello", ran.GetProperty("result").GetString());
        Assert.Equal("EXECUTION_STATUS_COMPLETED", ran.GetProperty("status").GetString());
        var id = ran.GetProperty("id").GetString()!;

        Assert.Equal(id, (await site.AskAsync("execution", "show", id)).GetProperty("id").GetString());
        Assert.Contains((await site.AskAsync("execution", "list")).EnumerateArray(), each => each.GetProperty("id").GetString() == id);
        var list = await site.AttuneAsync("execution", "list");
        Assert.Matches($"(?m)^ID +ACTION +STATUS +WORKER +BY +CREATED +TOOK\n(.*\n)*{id} +core.echo +completed ", list.Output);
        Assert.StartsWith("Completed on agent", (await site.AttuneAsync("execution", "why", id)).Output);

        var spoken = await site.AskAsync("run", "core.shell", "command=echo one; echo two", "--follow");
        var logs = await site.AttuneAsync("execution", "logs", spoken.GetProperty("id").GetString()!);
        Assert.Equal((0, "one\ntwo\n"), (logs.ExitCode, logs.Output));
    }

    [Fact]
    public async Task Why_says_in_one_sentence_what_an_execution_waits_for()
    {
        var waiting = (await site.AskAsync("run", "core.echo", "message=hi", "--label", "zone=nowhere")).GetProperty("id").GetString()!;

        var why = await site.AttuneAsync("execution", "why", waiting);
        Assert.Matches(@"^Waits: no agent with core\.native has label zone=nowhere \([0-9]+ agents? (is|are) connected\)\.\n", why.Output);
        Assert.Equal(0, (await site.AttuneAsync("execution", "cancel", waiting)).ExitCode);
        Assert.Contains("Cancelled", (await site.AttuneAsync("execution", "why", waiting)).Output);
    }

    [Fact]
    public async Task What_is_wrong_is_said_with_an_exit_code_of_its_own()
    {
        var unknown = await site.AttuneAsync("run", "core.nothing");
        Assert.NotEqual(0, unknown.ExitCode);
        Assert.Contains("core.nothing", unknown.Errors);
        Assert.Equal(2, (await site.AttuneAsync("run")).ExitCode);
        Assert.Equal(2, (await site.AttuneAsync("run", "core.shell")).ExitCode);
        Assert.Equal(3, (await site.AttuneAsync("whoami", "--server", $"http://127.0.0.1:{FreePort.Take()}")).ExitCode);
    }
}
