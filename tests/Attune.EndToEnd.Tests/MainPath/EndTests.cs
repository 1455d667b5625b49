using Attune.Testing;
using Attune.V1;

namespace Attune.EndToEnd.Tests.MainPath;

/// <summary>How a process may end by itself, and what it sees while it runs.</summary>
[Collection(MainSite.Collection)]
public sealed class EndTests(MainSite main)
{
    static CancellationToken Soon => Waiting.SoonEnough;

    [Theory]
    [InlineData("KILL")]
    [InlineData("SEGV")]
    [InlineData("TERM")]
    public async Task A_process_that_a_signal_ends_has_failed_with_its_name(string signal)
    {
        var execution = await main.Site.RunAsync("core.shell", $$"""{"command": "kill -{{signal}} $$; wait"}""", Soon);

        Assert.Equal(
            (ExecutionStatus.Failed, "SIGNAL", $"SIG{signal}", false),
            (execution.Status, execution.Error.Reason, execution.Error.Signal, execution.Error.HasExitCode));
    }

    [Fact]
    public async Task A_process_sees_the_variables_of_its_run_and_none_of_the_agents()
    {
        using var pack = new TestPack("e2e_environment").Native("print", "/usr/bin/env");
        await pack.InstallAsync(main.Site.Client, Soon);

        var execution = await main.Site.RunAsync("e2e_environment.print", "{}", Soon, request => request.EnvVars.Add("COLOUR", "grün"));

        var seen = execution.Result.StringValue.Split('\n').Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.Equal("grün", seen["COLOUR"]);
        Assert.Equal("e2e_environment.print", seen["ATTUNE_ACTION"]);
        Assert.Equal($"{execution.Id}", seen["ATTUNE_EXEC_ID"]);
        Assert.Equal("1", seen["ATTUNE_ATTEMPT"]);
        Assert.Equal("e2e_environment", seen["ATTUNE_PACK_REF"]);
        Assert.NotEmpty(seen["ATTUNE_FENCE"]);
        Assert.Empty(seen.Keys.Where(name => !name.StartsWith("ATTUNE_", StringComparison.Ordinal))
            .Except(["COLOUR", "HOME", "LANG", "PATH", "TMPDIR", "TZ"]));
        Assert.DoesNotContain("ATTUNE_API_TOKEN", seen.Keys);
        Assert.DoesNotContain(seen.Keys, name => name.StartsWith("ATTUNE_AGENT_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_request_cannot_set_the_variables_that_are_attunes()
    {
        var refused = await Assert.ThrowsAsync<Protos.Client.AttuneException>(() => main.Site.StartAsync(
            "core.shell", """{"command": "true"}""", Soon, request => request.EnvVars.Add("ATTUNE_EXEC_ID", "1")));

        Assert.Equal("ENV_VARS_INVALID", refused.Reason);
    }

    [Fact]
    public async Task A_grandchild_that_keeps_the_pipes_open_neither_hangs_the_run_nor_stays()
    {
        var marker = ProcessMark.New();
        var execution = await main.Site.RunAsync(
            "core.shell", $$"""{"command": "bash -c 'exec -a {{marker}} sleep 1000' & until pgrep -f '^{{marker}}' > /dev/null; do :; done; echo done"}""", Soon);

        Assert.Equal((ExecutionStatus.Completed, "done"), (execution.Status, execution.Result.StringValue));
        Assert.Contains("left behind", await main.Site.ReadLogTextAsync(execution.Id, Soon, LogStream.System));
        Assert.Empty(ProcessMark.Find(marker));
    }

    [Fact]
    public async Task A_followed_log_arrives_while_the_process_runs_and_ends_with_the_outcome()
    {
        var gate = Path.Combine(main.Site.Folder, "gate");
        var id = await main.Site.StartAsync(
            "core.shell", $$"""{"command": "echo first; until [ -e {{gate}} ]; do sleep 0.05; done; echo second"}""", Soon);

        using var call = main.Site.Client.Executions.StreamExecutionLogs(new() { ExecutionId = id, Follow = true });
        var text = "";
        var last = new StreamExecutionLogsResponse();
        while (await call.ResponseStream.MoveNext(Soon))
        {
            last = call.ResponseStream.Current;
            text += string.Concat(last.Chunks.Select(chunk => chunk.Content.ToStringUtf8()));
            // Only what has been seen lets the process go on.
            if (text is "first\n")
                await File.WriteAllTextAsync(gate, "", Soon);
        }

        Assert.Equal("first\nsecond\n", text);
        Assert.Equal((id, ExecutionStatus.Completed), (last.Outcome.Id, last.Outcome.Status));
    }
}
