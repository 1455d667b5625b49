using Attune.Testing;
using Attune.V1;
using Dapper;

namespace Attune.EndToEnd.Tests.Failures;

/// <summary>Agents that die in the middle of a run, and what their delivery contract makes of it.</summary>
public sealed class AgentLossTests(AgentLossTests.ShortLease lease) : IClassFixture<AgentLossTests.ShortLease>, IAsyncLifetime
{
    // Each run leaves a line, so that running twice shows.
    const string Fields = "parameters: {mark: {type: string}, runs: {type: string}, gate: {type: string}}\nparameter_format: dotenv\n";

    const string Script = """
        eval "$(cat)"
        echo "$ATTUNE_EXEC_ID.$ATTUNE_ATTEMPT" >> "$runs"
        bash -c "exec -a $mark sleep 1000" &
        until [ -e "$gate" ]; do sleep 0.02; done
        echo "attempt $ATTUNE_ATTEMPT"
        """;

    // Each test has an agent of its own, in a zone of that name.
    readonly string mortal = $"mortal-{Guid.NewGuid():N}";

    AgentProcess agent = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    Site Site => lease.Site;

    public async Task InitializeAsync() => agent = await Site.AddAgentAsync(mortal, ["--label", $"zone={mortal}"], Soon);

    public Task DisposeAsync() => Site.RemoveAsync(agent);

    [Fact]
    public async Task A_killed_and_restarted_agent_runs_nothing_twice_that_must_run_at_most_once()
    {
        var run = await BeginAsync("once");

        await agent.Process.KillAsync(Soon);
        Assert.NotEmpty(ProcessMark.Find(run.Mark));
        await agent.RestartAsync();

        var execution = await Site.EndAsync(run.Id, Soon);
        Assert.Equal((ExecutionStatus.Abandoned, 1), (execution.Status, execution.Attempt));
        Assert.Contains(execution.Error.Reason, (string[])["AGENT_RESTARTED", "WORKER_LOST"]);
        Assert.Equal("DELIVERY_CONTRACT", (await Site.ExplainAsync(run.Id, Soon)).Reasons[0].Code);
        await UntilAliveAsync();
        Assert.Equal([$"{run.Id}.1"], run.Lines);
        Assert.Empty(ProcessMark.Find(run.Mark));
    }

    [Fact]
    public async Task A_killed_and_restarted_agent_runs_again_what_must_run_at_least_once()
    {
        var run = await BeginAsync("again");

        await agent.Process.KillAsync(Soon);
        await agent.RestartAsync();
        await Waiting.UntilAsync(() => run.Lines.Length == 2, "the second attempt", Soon);

        // The first one's is gone before the second begins, and this one's comes right after its line.
        await Waiting.UntilAsync(() => ProcessMark.Find(run.Mark).Count > 0, "its child", Soon);
        Assert.Single(ProcessMark.Find(run.Mark));
        run.Open();

        var execution = await Site.EndAsync(run.Id, Soon);
        Assert.Equal((ExecutionStatus.Completed, 2, "attempt 2"), (execution.Status, execution.Attempt, execution.Result?.StringValue));
        Assert.Equal((1, ExecutionStatus.Abandoned), (execution.Attempts[0].Attempt, execution.Attempts[0].Status));
        Assert.Equal([$"{run.Id}.1", $"{run.Id}.2"], run.Lines);
        Assert.Empty(ProcessMark.Find(run.Mark));
    }

    [Fact]
    public async Task When_an_agent_does_not_come_back_another_takes_what_may_run_again_and_its_own_return_changes_nothing()
    {
        var once = await BeginAsync("once");
        var again = await BeginAsync("again");
        await agent.Process.KillAsync(Soon);
        var other = await Site.AddAgentAsync($"{mortal}-other", ["--label", $"zone={mortal}"], Soon);

        var abandoned = await Site.EndAsync(once.Id, Soon);
        Assert.Equal((ExecutionStatus.Abandoned, "WORKER_LOST"), (abandoned.Status, abandoned.Error.Reason));
        await Waiting.UntilAsync(() => again.Lines.Length == 2, "the second attempt", Soon);
        again.Open();
        var completed = await Site.EndAsync(again.Id, Soon);
        Assert.Equal((ExecutionStatus.Completed, 2, $"{mortal}-other"), (completed.Status, completed.Attempt, completed.WorkerName));

        await agent.RestartAsync();
        await Site.UntilAsync(mortal, worker => worker.Connected, Soon);
        Assert.Empty(ProcessMark.Find(once.Mark));
        Assert.Empty(ProcessMark.Find(again.Mark));
        await UntilAliveAsync();
        Assert.Equal(abandoned, await Site.GetAsync(once.Id, Soon));
        Assert.Equal(completed, await Site.GetAsync(again.Id, Soon));
        Assert.Equal([$"{once.Id}.1"], once.Lines);
        Assert.Equal([$"{again.Id}.1", $"{again.Id}.2"], again.Lines);
        await Site.RemoveAsync(other);
    }

    [Fact]
    public async Task A_result_that_an_agent_could_not_report_before_it_was_killed_is_reported_after_its_restart()
    {
        var run = await BeginAsync("once");

        await Site.Servers[0].Process.KillAsync(Soon);
        run.Open();
        await Waiting.UntilAsync(() => ProcessMark.Find(run.Mark).Count == 0, "the run to end", Soon);
        await Waiting.UntilAsync(async () => (await AgentStatus.AskAsync(agent)).ResultsWaiting is 1, "the result to be in the spool", Soon);
        await agent.Process.KillAsync(Soon);
        await Site.Servers[0].RestartAsync(Soon);
        await agent.RestartAsync();

        var execution = await Site.EndAsync(run.Id, Soon);
        Assert.Equal((ExecutionStatus.Completed, 1, "attempt 1"), (execution.Status, execution.Attempt, execution.Result?.StringValue));
        Assert.Equal("attempt 1\n", await Site.ReadLogTextAsync(run.Id, Soon, LogStream.Stdout));
    }

    [Fact]
    public async Task A_server_that_was_away_for_longer_than_a_lease_gives_the_agents_time_to_come_back()
    {
        var run = await BeginAsync("once");

        await Site.Servers[0].Process.KillAsync(Soon);
        await using (var connection = await Site.Database.Db.OpenConnectionAsync(Soon))
        {
            await Waiting.UntilAsync(
                () => connection.QuerySingleAsync<bool>("select lease_expires_at < now() from worker where name = @mortal", new { mortal }),
                "the lease to run out",
                Soon);
        }

        await Site.Servers[0].RestartAsync(Soon);
        await Site.UntilAsync(mortal, worker => worker.LeaseExpiresAt.ToDateTimeOffset() > TimeProvider.System.GetUtcNow(), Soon);
        run.Open();
        var execution = await Site.EndAsync(run.Id, Soon);
        Assert.Equal((ExecutionStatus.Completed, 1, "attempt 1"), (execution.Status, execution.Attempt, execution.Result?.StringValue));
    }

    /// <summary>Whatever the agent was given before, it has finished with it when this has run on it.</summary>
    async Task UntilAliveAsync()
    {
        var execution = await Site.RunAsync(
            "core.shell", """{"command": "true"}""", Soon, request => request.WorkerLabels.Add("zone", mortal));
        Assert.Equal(ExecutionStatus.Completed, execution.Status);
    }

    async Task<LossRun> BeginAsync(string action)
    {
        var file = Path.Combine(Site.Folder, Guid.NewGuid().ToString("N"));
        var mark = ProcessMark.New();
        var id = await Site.StartAsync(
            $"e2e_loss.{action}", $$"""{"mark": "{{mark}}", "runs": "{{file}}.runs", "gate": "{{file}}.gate"}""", Soon,
            request => request.WorkerLabels.Add("zone", mortal));
        await Waiting.UntilAsync(() => ProcessMark.Find(mark).Count == 1, "the run and its child", Soon);
        await Site.UntilAsync(id, execution => execution.Status is ExecutionStatus.Running, Soon);
        return new(id, mark, file);
    }

    sealed record LossRun(long Id, string Mark, string File)
    {
        public string[] Lines => System.IO.File.ReadAllLines($"{File}.runs");

        public void Open() => System.IO.File.WriteAllText($"{File}.gate", "");
    }

    public sealed class ShortLease : IAsyncLifetime
    {
        readonly TestPack pack = new TestPack("e2e_loss")
            .Shell("once", Script, Fields + "delivery: at_most_once")
            .Shell("again", Script, Fields + "delivery: at_least_once");

        public Site Site { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Site = await Site.StartAsync(Soon, ("Workers:Lease", "00:00:06"), ("Workers:Heartbeat", "00:00:01"));
            await pack.InstallAsync(Site.Client, Soon);
        }

        public async Task DisposeAsync()
        {
            pack.Dispose();
            await Site.DisposeAsync();
        }
    }
}
