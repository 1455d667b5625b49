using Attune.Protos.Client;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.EndToEnd.Tests.Failures;

/// <summary>Two servers on one database: any client at any of them sees and does the same.</summary>
public sealed class ReplicaTests(ReplicaTests.TwoReplicas two) : IClassFixture<ReplicaTests.TwoReplicas>
{
    static CancellationToken Soon => Waiting.SoonEnough;

    Site Site => two.Site;

    /// <summary>The admin at the second replica.</summary>
    AttuneClient Other => two.Other;

    [Fact]
    public async Task A_client_of_one_replica_runs_follows_and_watches_on_an_agent_of_the_other()
    {
        var gate = new Gate(Site, "across");
        var id = await Site.StartAsync(
            "core.shell", $$"""{"command": "echo first; {{gate.Wait}}; echo second"}""", Soon, request => request.WorkerLabels.Add("side", "right"));
        using var watch = Site.Client.Executions.WatchExecution(new() { ExecutionIds = { id } });
        var states = ReadStatesAsync(watch);
        using var log = Site.Client.Executions.StreamExecutionLogs(new() { ExecutionId = id, Follow = true });
        var text = "";
        while (await log.ResponseStream.MoveNext(Soon))
        {
            text += string.Concat(log.ResponseStream.Current.Chunks.Select(chunk => chunk.Content.ToStringUtf8()));
            if (text is "first\n")
                gate.Open();
        }

        Assert.Equal("first\nsecond\n", text);
        var last = (await states)[^1];
        Assert.Equal((ExecutionStatus.Completed, "right"), (last.Status, last.WorkerName));
        Assert.Equal(last.Result, (await Other.Executions.GetExecutionAsync(new() { ExecutionId = id })).Execution.Result);
    }

    [Fact]
    public async Task A_cancel_at_one_replica_stops_what_runs_on_an_agent_of_the_other()
    {
        var mark = ProcessMark.New();
        var id = await Site.StartAsync(
            "core.shell", $$"""{"command": "exec -a {{mark}} sleep 1000"}""", Soon, request => request.WorkerLabels.Add("side", "right"));
        await Waiting.UntilAsync(() => ProcessMark.Find(mark).Count == 1, "its process", Soon);

        await Site.Client.Executions.CancelExecutionAsync(new() { ExecutionId = id });

        Assert.Equal(ExecutionStatus.Cancelled, (await Site.EndAsync(id, Soon)).Status);
        Assert.Empty(ProcessMark.Find(mark));
    }

    [Fact]
    public async Task Both_replicas_share_the_work_and_nothing_runs_twice()
    {
        // Four of these can only end together: two on each agent.
        var folder = Directory.CreateDirectory(Path.Combine(Site.Folder, "met")).FullName;
        var meeting = $$"""{"command": "touch {{folder}}/$ATTUNE_EXEC_ID; until [ $(ls {{folder}} | wc -l) -ge 4 ]; do sleep 0.02; done; echo x >> {{folder}}.ran"}""";
        var ids = new List<long>();
        foreach (var client in (AttuneClient[])[Site.Client, Other])
        {
            var request = new StartExecutionsRequest();
            request.Items.Add(Enumerable.Range(0, 20).Select(_ => new StartExecutionsItem
            {
                ActionRef = "core.shell",
                Parameters = Struct.Parser.ParseJson(meeting),
            }));
            ids.AddRange((await client.Executions.StartExecutionsAsync(request)).ExecutionIds);
        }

        var ended = new List<Execution>();
        foreach (var id in ids)
            ended.Add(await Site.EndAsync(id, Soon));
        Assert.All(ended, execution => Assert.Equal((ExecutionStatus.Completed, 1), (execution.Status, execution.Attempt)));
        Assert.Equal(["left", "right"], ended.Select(execution => execution.WorkerName).Distinct().Order());
        Assert.Equal(ids.Count, File.ReadAllLines($"{folder}.ran").Length);
    }

    [Fact]
    public async Task A_pack_installed_at_one_replica_runs_at_once_at_the_other()
    {
        using var pack = new TestPack("e2e_replicas").Shell("hello", "echo one");
        await pack.InstallAsync(Site.Client, Soon);
        Assert.Equal("one", await RunAtOtherAsync());

        pack.Write("actions/hello.sh", "echo two");
        await pack.InstallAsync(Site.Client, Soon);
        await Waiting.UntilAsync(async () => await RunAtOtherAsync() is "two", "the other replica to hear of the new release", Soon);
    }

    [Fact]
    public async Task What_one_replica_accepted_is_done_although_it_is_killed()
    {
        var id = await Site.StartAsync("core.echo", """{"message": "x"}""", Soon, request => request.WorkerLabels.Add("side", "nowhere"));
        var gate = new Gate(Site, "killed");
        var running = await Site.StartAsync("core.shell", $$"""{"command": "{{gate.Wait}}"}""", Soon, request => request.WorkerLabels.Add("side", "right"));
        await Site.UntilAsync(running, execution => execution.Status is ExecutionStatus.Running, Soon);

        await Site.Servers[0].Process.KillAsync(Soon);
        gate.Open();

        var ended = await Waiting.ForAsync(
            async () => (await Other.Executions.GetExecutionAsync(new() { ExecutionId = running })).Execution,
            execution => execution.Status is ExecutionStatus.Completed, "the run to end at the other replica", Soon);
        Assert.Equal("right", ended.WorkerName);
        await Site.Servers[0].RestartAsync(Soon);
        Assert.Contains("side=nowhere", (await Other.Executions.ExplainExecutionAsync(new() { ExecutionId = id })).Summary);
    }

    async Task<string> RunAtOtherAsync()
    {
        var started = await Other.Executions.StartExecutionAsync(new() { ActionRef = "e2e_replicas.hello" });
        return (await Site.EndAsync(started.Execution.Id, Soon)).Result.StringValue;
    }

    static async Task<List<Execution>> ReadStatesAsync(AsyncServerStreamingCall<WatchExecutionResponse> watch)
    {
        var states = new List<Execution>();
        while (await watch.ResponseStream.MoveNext(Soon))
            states.AddRange(watch.ResponseStream.Current.Executions);
        return states;
    }

    public sealed class TwoReplicas : IAsyncLifetime
    {
        public Site Site { get; private set; } = null!;

        public AttuneClient Other { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Site = await Site.StartAsync(Soon);
            var second = await Site.AddServerAsync(Soon);
            Other = await Site.LogInAsync(second, Soon);
            await Site.AddAgentAsync(Site.Servers[0], "left", ["--label", "side=left", "--slots", "2"], Soon);
            await Site.AddAgentAsync(second, "right", ["--label", "side=right", "--slots", "2"], Soon);
        }

        public async Task DisposeAsync() => await Site.DisposeAsync();
    }
}
