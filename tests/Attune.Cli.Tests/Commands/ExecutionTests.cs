using System.Text.Json;
using System.Text.RegularExpressions;
using Attune.Cli.Tests.Planes;
using Attune.V1;

namespace Attune.Cli.Tests.Commands;

public sealed partial class ExecutionTests
{
    [Fact]
    public async Task A_piped_list_is_plain_and_cut_nowhere()
    {
        await using var bench = await CliBench.StartAsync();

        var list = await bench.RunAsync("execution", "list");

        var lines = list.Output.TrimEnd().Split('\n');
        Assert.StartsWith("ID  ACTION     STATUS  WORKER", lines[0], StringComparison.Ordinal);
        Assert.Equal(["3", "2", "1"], lines.Skip(1).Select(line => line.Split(' ')[0]));
        Assert.DoesNotContain('\e', list.Output);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("yaml")]
    public async Task A_list_is_an_array(string format)
    {
        await using var bench = await CliBench.StartAsync();

        var list = await bench.RunAsync("execution", "list", "-o", format);

        if (format is "json")
            Assert.Equal(["3", "2", "1"], JsonDocument.Parse(list.Output).RootElement.EnumerateArray().Select(each => each.GetProperty("id").GetString()));
        else
            Assert.StartsWith("- id: \"3\"\n", list.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_list_is_an_empty_array()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Executions.ListTotal = 0;

        Assert.Equal("[]\n", (await bench.RunAsync("execution", "list", "-o", "json")).Output);
        Assert.Equal("", (await bench.RunAsync("execution", "list")).Output);
    }

    [Theory]
    [InlineData(120, "", 50, true)]
    [InlineData(120, "--limit 70", 70, true)]
    [InlineData(120, "--all", 120, false)]
    [InlineData(120, "--all --page-size 50", 120, false)]
    [InlineData(3, "", 3, false)]
    public async Task Pages_are_fetched_as_far_as_asked(int total, string options, int expected, bool more)
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Executions.ListTotal = total;

        var list = await bench.RunAsync(["execution", "list", "--quiet", .. Words(options)]);
        var loud = await bench.RunAsync(["execution", "list", .. Words(options)]);

        Assert.Equal(expected, list.Output.TrimEnd().Split('\n').Distinct().Count());
        Assert.Equal(more, loud.Errors.Contains("--all", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Filters_are_the_requests_fields()
    {
        await using var bench = await CliBench.StartAsync();

        await bench.RunAsync(
            "execution", "list", "--status", "failed", "--status", "TIMEOUT", "--action", "core.echo", "--worker", "edge-1", "--since", "1h");

        var asked = Assert.Single(bench.Plane.Executions.Listed);
        Assert.Equal([ExecutionStatus.Failed, ExecutionStatus.Timeout], asked.Statuses);
        Assert.Equal(("core.echo", "edge-1"), (asked.ActionRef, asked.WorkerName));
        Assert.NotNull(asked.CreatedAfter);
        Assert.Null(asked.CreatedBefore);
    }

    [Fact]
    public async Task Watching_prints_changes_and_ends_as_they_ended()
    {
        await using var bench = await CliBench.StartAsync();

        var watch = await bench.RunAsync("execution", "watch", "7");

        Assert.Equal(1, watch.ExitCode);
        Assert.Equal(["running", "failed"], watch.Output.TrimEnd().Split('\n').Select(line => line.Split("  ")[3].Split(' ')[0]));
    }

    [Fact]
    public async Task Why_says_the_sentence_and_the_reasons()
    {
        await using var bench = await CliBench.StartAsync();

        var why = await bench.RunAsync("execution", "why", "7");

        Assert.Equal("Waits: no connected agent has label zone=edge.\n  edge-1: lacks zone=edge.\n", why.Output);
    }

    [Fact]
    public async Task Logs_without_follow_print_and_end()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Plane.Executions.Log = async (request, log, ct) =>
            await log.WriteAsync(new() { Chunks = { FakeExecutions.Chunk(1, LogStream.Stdout, "hello\n") }, Cursor = "1" }, ct);

        var logs = await bench.RunAsync("execution", "logs", "7", "--stream", "stdout");

        Assert.Equal((0, "hello\n"), (logs.ExitCode, logs.Output));
        var asked = Assert.Single(bench.Plane.Executions.Followed);
        Assert.False(asked.Follow);
        Assert.Equal([LogStream.Stdout], asked.Streams);
    }

    [Fact]
    public async Task What_a_server_sends_cannot_move_the_cursor()
    {
        await using var bench = await CliBench.StartAsync();

        var list = await bench.RunAsync("action", "list");

        Assert.DoesNotContain('\e', list.Output);
        Assert.Equal(3, list.Output.TrimEnd().Split('\n').Length);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("--no-color", false)]
    public async Task Colours_are_for_terminals(string option, bool coloured)
    {
        await using var bench = await CliBench.StartAsync();

        var list = await bench.OnTerminalAsync("", $"execution list {option}");

        Assert.Contains("failed", list.Output);
        Assert.Equal(coloured, Colour().IsMatch(list.Output));
    }

    [Fact]
    public async Task NO_COLOR_is_honoured()
    {
        await using var bench = await CliBench.StartAsync();

        var list = await bench.OnTerminalAsync("", "execution list", ("NO_COLOR", "1"));

        Assert.DoesNotMatch(Colour(), list.Output);
    }

    [GeneratedRegex("\e\\[[0-9;]*m")]
    private static partial Regex Colour();

    static string[] Words(string options) => options.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
