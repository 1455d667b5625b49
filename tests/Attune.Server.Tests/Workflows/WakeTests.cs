using Attune.Server.Storage;
using Attune.Server.Workflows;
using Attune.Testing;
using Attune.V1;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Attune.Server.Tests.Workflows;

/// <summary>When the loop looks: on a clock that stands still, so whatever goes on was woken and not found by chance.</summary>
public sealed class WakeTests : IAsyncLifetime
{
    readonly ManualClock clock = new(TimeProvider.System.GetUtcNow());
    ConductBench bench = null!;
    ConductLoop loop = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync()
    {
        bench = await ConductBench.StartAsync(
            ("fork", """
            tasks:
              left: {action: core.echo, input: {message: left}, next: [{do: end}]}
              right: {action: core.echo, input: {message: right}, next: [{do: end}]}
              end: {action: core.echo, join: all, input: {message: end}}
            """),
            ("asks", "tasks:\n  approve: {inquiry: {prompt: Shall it?}}\n"),
            ("waits", "tasks:\n" + ConductBench.Echo("one", ", delay: 3600")));
        await bench.Get<ConductLoop>().StopAsync(Soon);
        loop = new(
            bench.Get<ConductWorkflows>(), bench.Get<WorkflowSignals>(), bench.Get<PackConfigs>(), bench.Get<DatabaseListener>(),
            bench.Get<NpgsqlDataSource>(), clock, NullLogger<ConductLoop>.Instance);
        await loop.StartAsync(Soon);
    }

    public async Task DisposeAsync()
    {
        await loop.StopAsync(CancellationToken.None);
        loop.Dispose();
        await bench.DisposeAsync();
    }

    [Fact]
    public async Task What_happened_to_a_run_while_it_was_held_is_taken_when_it_is_free_again()
    {
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, name => name is "end" ? Reply.Completed : Reply.Later);
        var id = await bench.RunAsync("fork");
        await agent.UntilRunningAsync("left", "right");

        // The step that takes the first end is held up before its commit.
        await bench.ReadAsync<int>(
            """
            create function wait_here() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock_shared(42); return null; end $$;
            create trigger wait_here after update of step on workflow_execution for each statement execute function wait_here();
            """);
        await using var holder = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await ExecuteAsync(holder, "select pg_advisory_lock(42)");
        await agent.EndAsync("left", Reply.Completed);
        await Waiting.UntilAsync(
            async () => await bench.ReadAsync<long>("select count(*) from pg_locks where locktype = 'advisory' and objid = 42 and not granted") == 1,
            "the step waits", Soon);

        // The other lane is told of the second, finds the run held, and goes to sleep.
        var rounds = loop.Rounds;
        await agent.EndAsync("right", Reply.Completed);
        await Waiting.UntilAsync(
            async () => loop.Rounds > rounds && clock.WaitingTimers == 1
                && await bench.ReadAsync<long>("select count(*) from workflow_happening") == 2,
            "the other lane has looked", Soon);
        await ExecuteAsync(holder, "select pg_advisory_unlock(42)");

        Assert.Equal(ExecutionStatus.Completed, (await bench.UntilFinalAsync(id)).Status);
        await bench.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Workflows_that_wait_for_people_or_are_paused_are_no_reason_to_look_each_second()
    {
        await bench.RunAsync("asks");
        var paused = await bench.RunAsync("waits");
        await bench.ReadAsync<int>("insert into workflow_happening (workflow_execution, kind, detail) select id, 'pause', '{}' from workflow_execution where execution = @paused", new { paused });
        await Waiting.UntilAsync(
            async () => await bench.ReadAsync<long>("select count(*) from inquiry") == 1
                && await bench.ReadAsync<bool>("select bool_or(paused) from workflow_execution")
                && await bench.ReadAsync<long>("select count(*) from workflow_happening") == 0,
            "one asks and one is paused", Soon);
        Assert.Equal(1, await bench.ReadAsync<long>("select count(*) from workflow_execution where wake_at is not null"));

        // Notifications come in order: after this one there is no other on its way.
        var rounds = loop.Rounds;
        await bench.ReadAsync<string>("select pg_notify('workflow_happened', '')");
        await Waiting.UntilAsync(() => loop.Rounds > rounds && clock.WaitingTimers == 2, "both lanes sleep", Soon);
        rounds = loop.Rounds;

        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal((2, rounds), (clock.WaitingTimers, loop.Rounds));

        clock.Advance(TimeSpan.FromSeconds(2));
        await Waiting.UntilAsync(() => loop.Rounds == rounds + 2 && clock.WaitingTimers == 2, "each has looked once", Soon);
    }

    static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Soon);
    }
}
