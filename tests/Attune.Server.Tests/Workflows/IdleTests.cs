using Attune.Server.Workflows;
using Attune.Testing;
using Dapper;
using Npgsql;

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
        Assert.Equal(new(0, false, false, null), await bench.Get<ConductWorkflows>().RunAsync(Soon));

        await using var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await using var transaction = await connection.BeginTransactionAsync(Soon);
        var before = await ReadRowsAsync(connection);
        for (var round = 0; round < 20; round++)
            Assert.Empty((await ClaimWorkflows.RunAsync(connection, new(null, []), TimeProvider.System.GetUtcNow(), Soon)).Held);
        Assert.InRange(await ReadRowsAsync(connection) - before, 0, 20);
    }

    [Fact]
    public async Task Memory_is_bounded_and_what_fell_out_of_it_is_read_again()
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

    // Of this transaction.
    static Task<long> ReadRowsAsync(NpgsqlConnection connection) => connection.QuerySingleAsync<long>(
        """
        select coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0)::bigint
        from pg_stat_xact_user_tables
        where relname in ('workflow_execution', 'workflow_happening')
        """);
}
