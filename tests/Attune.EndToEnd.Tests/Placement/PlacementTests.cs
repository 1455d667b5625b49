using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.EndToEnd.Tests.Placement;

/// <summary>Which of two agents gets what, and why neither does.</summary>
public sealed class PlacementTests(PlacementTests.TwoAgents agents) : IClassFixture<PlacementTests.TwoAgents>
{
    static CancellationToken Soon => Waiting.SoonEnough;

    Site Site => agents.Site;

    [Theory]
    [InlineData("edge")]
    [InlineData("core")]
    public async Task Work_runs_on_the_agent_that_has_the_label(string zone)
    {
        var execution = await Site.RunAsync(
            "core.shell", """{"command": "echo $ATTUNE_EXEC_ID"}""", Soon, request => request.WorkerLabels.Add("zone", zone));

        Assert.Equal((zone, $"{execution.Id}"), (execution.WorkerName, execution.Result.StringValue));
    }

    [Fact]
    public async Task An_actions_own_labels_hold_and_a_request_may_add_to_them()
    {
        using var pack = new TestPack("e2e_labels").Shell("edge", "true", "worker_labels: {zone: edge}");
        await pack.InstallAsync(Site.Client, Soon);

        Assert.Equal("edge", (await Site.RunAsync("e2e_labels.edge", "{}", Soon)).WorkerName);
        Assert.Equal("edge", (await Site.RunAsync("e2e_labels.edge", "{}", Soon, request => request.WorkerLabels.Add("disk", "ssd"))).WorkerName);

        var id = await Site.StartAsync("e2e_labels.edge", "{}", Soon, request => request.WorkerLabels.Add("disk", "tape"));
        Assert.Contains("disk=tape", (await Site.ExplainAsync(id, Soon)).Summary);
        await Site.Client.Executions.CancelExecutionAsync(new() { ExecutionId = id });
    }

    [Fact]
    public async Task Work_that_fits_no_agent_waits_says_why_and_runs_when_one_joins()
    {
        var id = await Site.StartAsync("core.echo", """{"message": "at last"}""", Soon, request => request.WorkerLabels.Add("zone", "moon"));

        var why = await Site.ExplainAsync(id, Soon);
        Assert.Contains("zone=moon", why.Summary);
        Assert.Contains(why.Reasons, reason => (reason.Code, reason.WorkerName) is ("LABELS", "core"));
        Assert.Contains(why.Reasons, reason => (reason.Code, reason.WorkerName) is ("LABELS", "edge"));
        Assert.Equal(ExecutionStatus.Requested, (await Site.GetAsync(id, Soon)).Status);

        await Site.AddAgentAsync("moon", ["--label", "zone=moon"], Soon);
        var execution = await Site.EndAsync(id, Soon);
        Assert.Equal(("moon", "at last"), (execution.WorkerName, execution.Result.StringValue));
    }

    [Fact]
    public async Task A_cordon_keeps_what_runs_and_gives_nothing_new_until_it_is_lifted()
    {
        var gate = new Gate(Site, "cordon");
        var running = await gate.StartAsync("core");
        await Site.Client.Workers.CordonWorkerAsync(new() { Name = "core" });

        var waiting = await Site.StartAsync("core.echo", "{}", Soon, request => request.WorkerLabels.Add("zone", "core"));
        var why = await Site.ExplainAsync(waiting, Soon);
        Assert.Contains(why.Reasons, reason => (reason.Code, reason.WorkerName) is ("CORDONED", "core"));
        gate.Open();
        Assert.Equal(ExecutionStatus.Completed, (await Site.EndAsync(running, Soon)).Status);
        Assert.Equal(ExecutionStatus.Requested, (await Site.GetAsync(waiting, Soon)).Status);

        await Site.Client.Workers.UncordonWorkerAsync(new() { Name = "core" });
        Assert.Equal(ExecutionStatus.Completed, (await Site.EndAsync(waiting, Soon)).Status);
    }

    [Fact]
    public async Task A_drain_without_a_deadline_lets_everything_end_in_its_own_time()
    {
        var gate = new Gate(Site, "drain");
        var running = await gate.StartAsync("core");
        await Site.Client.Workers.DrainWorkerAsync(new() { Name = "core", Reason = "kernel update" });

        var waiting = await Site.StartAsync("core.echo", "{}", Soon, request => request.WorkerLabels.Add("zone", "core"));
        Assert.Contains((await Site.ExplainAsync(waiting, Soon)).Reasons, reason => (reason.Code, reason.WorkerName) is ("DRAINING", "core"));
        gate.Open();
        Assert.Equal(ExecutionStatus.Completed, (await Site.EndAsync(running, Soon)).Status);

        await Site.Client.Workers.UncordonWorkerAsync(new() { Name = "core" });
        Assert.Equal(ExecutionStatus.Completed, (await Site.EndAsync(waiting, Soon)).Status);
    }

    [Fact]
    public async Task A_drain_whose_deadline_has_come_cancels_what_still_runs()
    {
        var gate = new Gate(Site, "deadline");
        var running = await gate.StartAsync("core");
        await Site.Client.Workers.DrainWorkerAsync(
            new() { Name = "core", Deadline = TimeSpan.FromSeconds(1).ToDuration(), Reason = "power off" });

        var execution = await Site.EndAsync(running, Soon);
        Assert.Equal(ExecutionStatus.Cancelled, execution.Status);
        Assert.Contains("drain", execution.Error.Message);
        await Site.Client.Workers.UncordonWorkerAsync(new() { Name = "core" });
        await Site.UntilAsync("core", worker => !worker.Draining, Soon);
    }

    [Fact]
    public async Task An_agent_that_is_asked_to_stop_ends_its_work_first_and_gives_nothing_up()
    {
        var leaving = await Site.AddAgentAsync("leaving", ["--label", "zone=leaving"], Soon);
        var gate = new Gate(Site, "leaving");
        var running = await gate.StartAsync("leaving");

        var stopping = leaving.Process.TerminateAsync(Soon);
        await Waiting.UntilAsync(async () => (await AgentStatus.AskAsync(leaving)).Draining is not null, "the agent to drain itself", Soon);
        Assert.False(leaving.Process.HasExited);
        gate.Open();

        Assert.Equal(0, await stopping);
        Assert.Equal(ExecutionStatus.Completed, (await Site.EndAsync(running, Soon)).Status);
        await Site.UntilAsync("leaving", worker => !worker.Connected, Soon);
    }

    [Fact]
    public async Task A_full_agent_is_named_with_its_slots()
    {
        await Site.AddAgentAsync("small", ["--label", "zone=small", "--slots", "1"], Soon);
        var gate = new Gate(Site, "slots");
        var running = await gate.StartAsync("small");

        var waiting = await Site.StartAsync("core.echo", "{}", Soon, request => request.WorkerLabels.Add("zone", "small"));
        Assert.Contains("1 of 1 slots", (await Site.ExplainAsync(waiting, Soon)).Summary);
        Assert.Contains("Runs on agent small", (await Site.ExplainAsync(running, Soon)).Summary);
        gate.Open();
        Assert.Equal(ExecutionStatus.Completed, (await Site.EndAsync(running, Soon)).Status);
        Assert.Equal(ExecutionStatus.Completed, (await Site.EndAsync(waiting, Soon)).Status);
    }

    public sealed class TwoAgents : IAsyncLifetime
    {
        public Site Site { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Site = await Site.StartAsync(Waiting.SoonEnough);
            await Site.AddAgentAsync("edge", ["--label", "zone=edge", "--label", "disk=ssd"], Waiting.SoonEnough);
            await Site.AddAgentAsync("core", ["--label", "zone=core"], Waiting.SoonEnough);
        }

        public async Task DisposeAsync() => await Site.DisposeAsync();
    }
}
