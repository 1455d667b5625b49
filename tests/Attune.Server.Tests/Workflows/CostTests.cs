using Attune.Engine.Workflows;
using Attune.Server.Actions;
using Attune.Server.Packs;
using Attune.Server.Workflows;
using Attune.Testing;
using Dapper;
using Npgsql;

namespace Attune.Server.Tests.Workflows;

/// <summary>What a step costs does not depend on what else its workflow did.</summary>
public sealed class CostTests
{
    const int Runs = 3000;

    static CancellationToken Soon => Waiting.SoonEnough;

    [Theory]
    [InlineData("tell")]
    [InlineData("cancel")]
    public async Task Thousands_of_runs_of_one_workflow_are_told_or_stopped_in_time_linear_to_their_number(string what)
    {
        await using var bench = await ConductBench.StartAsync(("line", "tasks:\n" + ConductBench.Echo("one")));
        var parent = await AddChildrenAsync(bench, Runs, items: 1, "running", areWorkflows: what is "tell");
        await using var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await using var transaction = await connection.BeginTransactionAsync(Soon);

        var rows = new StepRows();
        for (var run = 1; run <= Runs; run++)
        {
            if (what is "tell")
                rows.Told.Add(new(new(parent, run), "pause"));
            else
                rows.Cancelled.Add(new(parent, run));
        }

        var before = await VisitedAsync(connection);
        await bench.Get<StoreSteps>().RunAsync(connection, rows, [], [], TimeProvider.System.GetUtcNow(), Soon);

        Assert.InRange(await VisitedAsync(connection) - before, Runs, 4 * Runs);
    }

    [Fact]
    public async Task What_the_items_of_a_round_gave_is_read_without_those_of_earlier_rounds()
    {
        await using var bench = await ConductBench.StartAsync(("line", "tasks:\n" + ConductBench.Echo("one")));
        var parent = await AddChildrenAsync(bench, 300, items: 20, "completed");
        await using var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await using var transaction = await connection.BeginTransactionAsync(Soon);
        var held = new HeldRun
        {
            Id = 1,
            ExecutionId = parent,
            Step = 1,
            Depth = 0,
            GraphDigest = "",
            Status = "running",
            IsBroken = false,
            IsDue = false,
        };

        var before = await VisitedAsync(connection);
        var found = new List<Engine.Expressions.Value>();
        await bench.Get<BringValues>().RunAsync(
            connection, [new(held, new(KeptKind.ItemResults, 300, 0))], (_, value) => found.Add(value), Soon);

        Assert.Equal(20, Assert.Single(found).AsList().Count);
        Assert.InRange(await VisitedAsync(connection) - before, 20, 200);
    }

    [Fact]
    public async Task Actions_and_packs_that_are_gone_are_looked_for_once_and_on_the_connection_that_holds_the_locks()
    {
        await using var bench = await ConductBench.StartAsync();
        var one = new NpgsqlConnectionStringBuilder(bench.Server.Database.ConnectionString) { MaxPoolSize = 1, Timeout = 1, SearchPath = "attune" };
        await using var db = NpgsqlDataSource.Create(one.ConnectionString);
        await using var connection = await db.OpenConnectionAsync(Soon);

        // Another connection of this pool would be waited for in vain.
        var actions = await new ActionCatalog(new ActionStore(db), new ReleaseStore(db))
            .FindManyAsync(connection, ["core.echo", .. Enumerable.Range(0, 1000).Select(index => $"core.gone{index}")], Soon);
        var configs = await new PackConfigs().FindManyAsync(connection, ["core", "gone"], Soon);

        Assert.Equal(["core.echo"], actions.Keys);
        Assert.Equal(["core", "gone"], configs.Keys);
        Assert.Empty(configs["gone"].AsMap());
    }

    // An ended workflow's, so that nobody takes what is done to them.
    static async Task<long> AddChildrenAsync(ConductBench bench, int runs, int items, string status, bool areWorkflows = false)
    {
        var parent = await bench.ReadAsync<long>("insert into execution (action_ref, is_workflow, status, finished_at) values ('flow.line', true, 'completed', now()) returning id");
        await bench.ReadAsync<int>(
            """
            insert into execution (action_ref, is_workflow, parent, status, finished_at, workflow_task, result)
            select 'core.echo', @areWorkflows, @parent, @status::attune.execution_status_enum, case when @status = 'completed' then now() end,
                jsonb_build_object('workflow_execution', 0, 'run', run, 'task_index', item, 'retry_count', 0), '1'
            from generate_series(1, @runs) run, generate_series(0, @items - 1) item
            """, new { parent, runs, items, status, areWorkflows });
        await bench.ReadAsync<int>("insert into workflow_execution (execution, task_graph) select id, '{}' from execution where is_workflow and parent = @parent", new { parent });
        await bench.ReadAsync<int>("analyze execution, workflow_execution");
        return parent;
    }

    /// <summary>Rows of executions that this connection looked at, in this transaction and what it has not told of earlier ones.</summary>
    static Task<long> VisitedAsync(NpgsqlConnection connection) => connection.ExecuteScalarAsync<long>(
        "select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where relname = 'execution'");
}
