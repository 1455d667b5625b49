using Attune.Engine.Expressions;
using Attune.Engine.Workflows;
using Attune.Server.Executions;
using Attune.Server.Workflows;
using Attune.Testing;

namespace Attune.Server.Tests.Workflows;

/// <summary>What a server remembers of runs: bounded, and none of it is needed.</summary>
public sealed class MemoryTests
{
    static readonly ValueKey Result = new(KeptKind.ExecutionResult, 0, 7);

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task Runs_are_counted_with_what_they_were_started_with_and_forgotten_when_they_are_over()
    {
        const int Many = 10;
        const int Large = 100_000;
        await using var bench = await ConductBench.StartAsync();
        await bench.InstallAsync(
            "parameters: {text: {type: string}}\n", ("line", "tasks:\n" + ConductBench.Echo("one", ", next: [{do: two}]") + ConductBench.Echo("two")));
        await using var agent = await ScriptedAgent.ConnectAsync(bench.Server, _ => Reply.Later);
        var runs = new List<long>();
        for (var count = 0; count < Many; count++)
            runs.Add(await bench.RunOfAsync(await bench.RunAsync("line", $$"""{"text": "{{new string('x', Large)}}"}""")));
        await Waiting.UntilAsync(() => agent.Running.Count == Many, "all to run", Soon);
        for (var count = 0; count < Many; count++)
            await agent.EndAsync("one", Reply.Completed);
        await Waiting.UntilAsync(() => agent.Running.Count(name => name is "two") == Many, "all to run their second task", Soon);

        var cache = bench.Get<WorkflowCache>();
        await Waiting.UntilAsync(() => runs.TrueForAll(run => cache.TryGet(run, 2, out _)), "all are remembered", Soon);
        Assert.InRange(cache.Bytes, Many * Large, 10 * Many * Large);
        var small = new WorkflowCache(5 * Large);
        foreach (var run in runs)
        {
            Assert.True(cache.TryGet(run, 2, out var known));
            small.Put(known);
        }

        Assert.InRange(small.Count, 1, 4);
        Assert.InRange(small.Bytes, Large, 5 * Large);

        for (var count = 0; count < Many; count++)
            await agent.EndAsync("two", Reply.Completed);
        await Waiting.UntilAsync(() => (cache.Count, cache.Bytes) == (0, 0), "nothing is remembered of what is over", Soon);
    }

    [Fact]
    public async Task A_batch_with_more_graphs_than_are_remembered_is_read_whole()
    {
        await using var bench = await ConductBench.StartAsync(
            [.. Enumerable.Range(0, 4).Select(index => ($"w{index}", "tasks:\n" + ConductBench.Echo($"task{index}")))]);
        var wanted = new List<(long, string)>();
        for (var index = 0; index < 4; index++)
        {
            var run = await bench.RunOfAsync(await bench.RunAsync($"w{index}"));
            wanted.Add((run, (await bench.ReadAsync<string>("select graph_digest from workflow_execution where id = @run", new { run }))!));
        }

        var load = new LoadRuns(bench.Get<ParameterSecrets>(), new WorkflowGraphs(1));
        await using var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        var read = await load.RunAsync(connection, wanted, Soon);

        Assert.Equal(["task0", "task1", "task2", "task3"], wanted.Select(each => Assert.Single(read[each.Item1].Run!.Run.Workflow.Tasks).Name));
    }

    [Fact]
    public void The_graph_that_was_asked_for_longest_ago_makes_room()
    {
        var graphs = new WorkflowGraphs(2);
        const string Graph = """{"tasks": {"one": {"action": "core.echo"}}}""";
        graphs.Add("a", Graph);
        graphs.Add("b", Graph);
        Assert.NotNull(graphs.Find("a"));
        graphs.Add("c", Graph);

        Assert.NotNull(graphs.Find("a"));
        Assert.Null(graphs.Find("b"));
        Assert.NotNull(graphs.Find("c"));
    }

    [Fact]
    public void A_value_takes_the_place_of_the_one_before_and_the_oldest_make_room()
    {
        var values = new RememberedValues();
        values.Add(Result, Value.Of(1), 100);
        values.Add(Result, Value.Of(2), 200);
        Assert.Equal((1, 200L), (values.Count, values.Bytes));
        Assert.True(values.TryGet(Result, out var value));
        Assert.Equal(Value.Of(2), value);

        values.Add(Result, Value.Of(3), RememberedValues.BytesMax + 1);
        Assert.False(values.TryGet(Result, out _));
        Assert.Equal((0, 0L), (values.Count, values.Bytes));

        var other = Result with { Handle = 8 };
        values.Add(Result, Value.Of(1), RememberedValues.BytesMax / 2);
        values.Add(other, Value.Of(2), RememberedValues.BytesMax);
        Assert.Equal((false, true), (values.TryGet(Result, out _), values.TryGet(other, out _)));
    }

    [Fact]
    public void A_long_list_of_items_stays_whatever_else_is_remembered()
    {
        var values = new RememberedValues();
        var list = new ValueKey(KeptKind.Items, 1, 0);
        values.Add(list, Value.Of(new List<Value>()), RememberedValues.ListBytesMax);
        for (var handle = 1; handle <= 100; handle++)
            values.Add(Result with { Handle = handle }, Value.Of(handle), RememberedValues.BytesMax / 10);

        Assert.True(values.TryGet(list, out _));
        Assert.InRange(values.Bytes, RememberedValues.ListBytesMax, RememberedValues.ListBytesMax + RememberedValues.BytesMax);
    }

    [Fact]
    public async Task Only_results_whose_size_is_known_to_be_small_come_along_and_only_so_many()
    {
        await using var bench = await ConductBench.StartAsync(("line", "tasks:\n" + ConductBench.Echo("one")));
        await bench.Get<ConductLoop>().StopAsync(Soon);
        var id = await bench.RunAsync("line");
        var run = await bench.RunOfAsync(id);
        await bench.ReadAsync<int>("delete from workflow_happening");

        // Three that are repetitive, then small and large ones that cannot be compressed.
        await bench.ReadAsync<int>(
            """
            with made as (
                insert into execution (action_ref, parent, status, finished_at, workflow_task, result)
                select 'core.echo', @id, 'completed', now(), jsonb_build_object('workflow_execution', @run, 'run', n, 'retry_count', 0),
                    to_jsonb(case
                        when n <= 3 then repeat('much of it ', 100000)
                        when n = 4 then 'small'
                        else (select string_agg(md5(n || ':' || m), '') from generate_series(1, 1500) m)
                    end)
                from generate_series(1, 300) n
                returning id
            )
            insert into workflow_happening (workflow_execution, kind, execution) select @run, 'ended', id from made order by id
            """, new { id, run });
        await using var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await using var transaction = await connection.BeginTransactionAsync(Soon);
        var happened = Assert.Single((await ClaimWorkflows.RunAsync(connection, ClaimScope.Of([run]), TimeProvider.System.GetUtcNow(), Soon)).Held).Happened;

        Assert.Equal([null, null, null, "\"small\""], happened.Take(4).Select(row => row.Result));
        Assert.NotNull(happened[4].Result);
        Assert.Null(happened[^1].Result);
        Assert.InRange(happened.Sum(row => row.Result?.Length ?? 0), 1_000_000, 10_000_000);
        Assert.DoesNotContain(happened, row => row.GaveNothing);
    }
}
