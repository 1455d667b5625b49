using Attune.Testing;
using Attune.V1;

namespace Attune.EndToEnd.Tests.Failures;

/// <summary>Servers that die and come back while agents work on.</summary>
public sealed class ServerLossTests(ServerLossTests.OneAgent one) : IClassFixture<ServerLossTests.OneAgent>
{
    const int Many = 200;

    static CancellationToken Soon => Waiting.SoonEnough;

    Site Site => one.Site;

    ServerProcess Server => Site.Servers[0];

    [Fact]
    public async Task A_run_goes_on_while_its_server_is_killed_and_its_log_and_result_arrive_afterwards()
    {
        var before = new Gate(Site, "before");
        var during = new Gate(Site, "during");
        var said = Path.Combine(Site.Folder, "said");
        var id = await Site.StartAsync(
            "core.shell",
            $$"""{"command": "echo $$; {{before.Wait}}; echo while it was away; touch {{said}}; {{during.Wait}}; echo afterwards"}""",
            Soon);
        await Waiting.UntilAsync(async () => (await Site.ReadLogTextAsync(id, Soon)).EndsWith('\n'), "its first line", Soon);
        var process = (await Site.ReadLogTextAsync(id, Soon)).Trim();

        await Server.Process.KillAsync(Soon);
        before.Open();
        await Waiting.UntilAsync(() => File.Exists(said), "it to go on without a server", Soon);
        await Server.RestartAsync(Soon);
        Assert.True(Directory.Exists($"/proc/{process}"));
        during.Open();

        var execution = await Site.EndAsync(id, Soon);
        Assert.Equal((ExecutionStatus.Completed, 1, "steady"), (execution.Status, execution.Attempt, execution.WorkerName));
        Assert.Equal($"{process}\nwhile it was away\nafterwards", execution.Result.StringValue);
        Assert.Equal($"{process}\nwhile it was away\nafterwards\n", await Site.ReadLogTextAsync(id, Soon, LogStream.Stdout));
    }

    [Fact]
    public async Task A_result_that_comes_while_no_server_is_there_is_kept_until_one_is()
    {
        var gate = new Gate(Site, "kept");
        var id = await Site.StartAsync("core.shell", $$"""{"command": "echo $$; {{gate.Wait}}; echo done"}""", Soon);
        await Waiting.UntilAsync(async () => (await Site.ReadLogTextAsync(id, Soon)).EndsWith('\n'), "its first line", Soon);
        var process = (await Site.ReadLogTextAsync(id, Soon)).Trim();

        await Server.Process.TerminateAsync(Soon);
        gate.Open();
        await Waiting.UntilAsync(() => !Directory.Exists($"/proc/{process}"), "it to end without a server", Soon);
        await Server.RestartAsync(Soon);

        var execution = await Site.EndAsync(id, Soon);
        Assert.Equal((ExecutionStatus.Completed, 1, $"{process}\ndone"), (execution.Status, execution.Attempt, execution.Result.StringValue));
    }

    [Fact]
    public async Task Of_many_executions_each_runs_once_and_has_one_result_though_the_server_is_restarted_twice()
    {
        var ran = Path.Combine(Site.Folder, "ran");
        var request = new StartExecutionsRequest();
        request.Items.Add(Enumerable.Range(0, Many).Select(number => new StartExecutionsItem
        {
            ActionRef = "core.shell",
            Parameters = Google.Protobuf.WellKnownTypes.Struct.Parser.ParseJson(
                $$"""{"command": "echo {{number}} >> {{ran}}; echo {{number}}"}"""),
        }));
        var ids = (await Site.Client.Executions.StartExecutionsAsync(request)).ExecutionIds.ToList();

        await UntilRanAsync(ran, Many / 5);
        await Server.Process.KillAsync(Soon);
        await Server.RestartAsync(Soon);
        await UntilRanAsync(ran, Many / 2);
        await Server.Process.TerminateAsync(Soon);
        await Server.RestartAsync(Soon);

        for (var index = 0; index < ids.Count; index++)
        {
            var execution = await Site.EndAsync(ids[index], Soon);
            Assert.Equal((ExecutionStatus.Completed, $"{index}"), (execution.Status, execution.Result.StringValue));
        }

        Assert.Equal(
            Enumerable.Range(0, Many).Select(number => $"{number}").Order(StringComparer.Ordinal),
            File.ReadAllLines(ran).Order(StringComparer.Ordinal));
    }

    static Task UntilRanAsync(string file, int count)
        => Waiting.UntilAsync(() => File.Exists(file) && File.ReadAllLines(file).Length >= count, $"{count} of them to have run", Soon);

    public sealed class OneAgent : IAsyncLifetime
    {
        public Site Site { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Site = await Site.StartAsync(Soon);
            await Site.AddAgentAsync("steady", ["--slots", "4"], Soon);
        }

        public async Task DisposeAsync() => await Site.DisposeAsync();
    }
}
