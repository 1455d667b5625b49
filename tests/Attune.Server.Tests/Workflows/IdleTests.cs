using Attune.Server.Workflows;
using Attune.Testing;

namespace Attune.Server.Tests.Workflows;

/// <summary>Workflows that wait cost nothing, however many there are.</summary>
public sealed class IdleTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task Thousands_of_paused_workflows_are_neither_looked_at_nor_a_reason_to_look_more_often()
    {
        await using var bench = await ConductBench.StartAsync(("waits", "tasks:\n" + ConductBench.Echo("one", ", delay: 3600")));
        for (var thousand = 0; thousand < 5; thousand++)
            await bench.RunManyAsync("waits", 1000);
        await bench.ReadAsync<int>("insert into workflow_happening (workflow_execution, kind, detail) select id, 'pause', '{}' from workflow_execution");
        await Waiting.UntilAsync(
            async () => await bench.ReadAsync<long>("select count(*) from workflow_execution where paused and status = 'running'") == 5000
                && await bench.ReadAsync<long>("select count(*) from workflow_happening") == 0,
            "all are paused", Soon);
        await bench.ReadAsync<int>("vacuum analyze workflow_execution, workflow_happening");

        // As the loop does: nothing taken, nothing left, no time to wait for; so it looks as rarely as with no workflow at all.
        var conduct = bench.Get<ConductWorkflows>();
        var before = await ReadRowsAsync(bench);
        for (var round = 0; round < 20; round++)
            Assert.Equal(new(0, false, false, null), await conduct.RunAsync(Soon));

        Assert.InRange(await ReadRowsAsync(bench) - before, 0, 100);
    }

    [Fact]
    public async Task What_fell_out_of_memory_is_read_again()
    {
        await using var bench = await ConductBench.StartAsync(
            ("line", "tasks:\n" + ConductBench.Echo("one", ", next: [{do: two}]") + ConductBench.Echo("two")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, name => name is "one" ? Reply.Later : Reply.Completed);
        var ids = await bench.RunManyAsync("line", 20);
        await Waiting.UntilAsync(() => agent.Running.Count == 20, "all to run", Soon);
        foreach (var id in ids)
            bench.Get<WorkflowCache>().Forget(await bench.RunOfAsync(id));

        for (var count = 0; count < 20; count++)
            await agent.EndAsync("one", Reply.Completed);

        foreach (var id in ids)
            Assert.Equal(V1.ExecutionStatus.Completed, (await bench.UntilFinalAsync(id)).Status);
    }

    static async Task<long> ReadRowsAsync(ConductBench bench)
    {
        // Other backends report theirs when they are idle.
        await bench.ReadAsync<int>("select pg_stat_force_next_flush()");
        return await bench.ReadAsync<long>(
            "select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_user_tables where relname in ('workflow_execution', 'workflow_happening')");
    }
}
