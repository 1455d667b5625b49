using Attune.Testing;

namespace Attune.Cli.Tests.Completion;

public sealed class CompletionTests
{
    [Fact]
    public async Task Bash_knows_the_function()
    {
        await using var bench = await CliBench.StartAsync();

        Assert.Equal("complete -F _attune attune\n", await BashAsync(bench, "complete -p attune"));
    }

    [Theory]
    [InlineData("attune ex", "execution")]
    [InlineData("attune execution ", "list show logs watch cancel rerun why tree")]
    [InlineData("attune --server http://x execution li", "list")]
    [InlineData("attune agent token ", "create list revoke")]
    [InlineData("attune execution list --sta", "--status")]
    [InlineData("attune execution list --status ca", "canceling cancelled")]
    [InlineData("attune execution list --out", "--output")]
    [InlineData("attune -o ", "json table yaml")]
    [InlineData("attune -o = js", "json")]
    [InlineData("attune completion ", "bash fish zsh")]
    [InlineData("attune run ", "core.echo edge.check")]
    [InlineData("attune run co", "core.echo")]
    [InlineData("attune run edge.check ho", "host=")]
    [InlineData("attune run edge.check host = a po", "port=")]
    [InlineData("attune execution show ", "3 2 1")]
    [InlineData("attune worker drain ", "edge-1")]
    [InlineData("attune rule sh", "show")]
    [InlineData("attune rule show ", "edge.log edge.page")]
    [InlineData("attune rule test edge.p", "edge.page")]
    [InlineData("attune event emit ", "edge.alarm edge.open")]
    [InlineData("attune event emit edge.alarm le", "level=")]
    [InlineData("attune event show ", "3 2 1")]
    [InlineData("attune inquiry respond ", "9 8 7")]
    [InlineData("attune inquiry respond 7 ap", "approved=")]
    [InlineData("attune trigger webhook ", "enable disable rotate show")]
    [InlineData("attune trigger webhook enable --style s", "slack stripe")]
    [InlineData("attune sensor logs ", "edge.watch")]
    [InlineData("attune watch --type e", "event enforcement execution")]
    [InlineData("attune nonsense ", "")]
    [InlineData("attune execution list --status failed ", "")]
    public async Task Bash_is_offered_what_may_follow(string line, string expected)
    {
        await using var bench = await CliBench.StartAsync();

        var offered = await BashAsync(bench, Press(line));

        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(), offered.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Fact]
    public async Task Bash_is_offered_folders_for_a_pack_and_files_for_parameters()
    {
        await using var bench = await CliBench.StartAsync();
        bench.Write("edge/pack.yaml", "");
        bench.Write("edit.json", "");

        var folders = await BashAsync(bench, $"cd {bench.Folder}; {Press("attune pack install ed")}");
        var files = await BashAsync(bench, $"cd {bench.Folder}; {Press("attune run core.echo --params edi")}");

        Assert.Equal(("edge\n", "edit.json\n"), (folders, files));
    }

    [Fact]
    public async Task A_server_that_is_away_disturbs_nobody()
    {
        await using var bench = await CliBench.StartAsync();

        var offered = await BashAsync(bench, $"export ATTUNE_SERVER=http://127.0.0.1:{FreePort.Take()}; {Press("attune run ")}");

        Assert.Equal("", offered);
    }

    [Theory]
    [InlineData("zsh", "#compdef attune")]
    [InlineData("fish", "complete -c attune")]
    public async Task The_other_shells_have_their_scripts(string shell, string expected)
    {
        await using var bench = await CliBench.StartAsync();

        Assert.Contains(expected, (await bench.RunAsync("completion", shell)).Output);
    }

    [Fact]
    public async Task Shells_that_show_meanings_get_them()
    {
        await using var bench = await CliBench.StartAsync();

        Assert.Equal("why\tWhy an execution is where it is\n", (await bench.RunAsync("__complete", "zsh", "execution", "wh")).Output);
    }

    // As bash calls the function after Tab.
    static string Press(string line)
    {
        var words = line.Split(' ');
        return $"""COMP_WORDS=({string.Join(' ', words.Select(word => $"'{word}'"))}); COMP_CWORD={words.Length - 1}; _attune; printf '%s\n' "${"{COMPREPLY[@]}"}" """;
    }

    static async Task<string> BashAsync(CliBench bench, string script)
    {
        var path = $"{Path.GetDirectoryName(BuiltProgram.Cli)}:{Environment.GetEnvironmentVariable("PATH")}";
        await using var bash = RunningProcess.Start(
            "bash", ["--norc", "-c", $"source <(attune completion bash); {script}"], bench.Environment(("PATH", path)));
        Assert.Equal(0, await bash.ExitAsync(Waiting.SoonEnough));
        return bash.Output.Trim() is "" ? "" : bash.Output;
    }
}
