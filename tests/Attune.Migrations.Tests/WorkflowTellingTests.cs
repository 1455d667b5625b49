using Attune.Testing;

namespace Attune.Migrations.Tests;

/// <summary>How a workflow hears of its tasks.</summary>
public sealed class WorkflowTellingTests
{
    const string Happenings = "select workflow_execution || ' ' || kind || ' ' || execution from attune.workflow_happening order by id";

    readonly CancellationToken ct = Waiting.SoonEnough;

    [Theory]
    [InlineData("completed")]
    [InlineData("failed")]
    [InlineData("timeout")]
    [InlineData("cancelled")]
    [InlineData("abandoned")]
    public async Task The_end_of_a_task_is_told_once_in_the_same_transaction(string status)
    {
        await using var bench = await StartAsync();

        await bench.Db.ExecuteAsync("update attune.execution set status = 'running'", ct);
        Assert.Empty(await bench.Db.ListAsync<string>(Happenings, ct));
        await bench.Db.ExecuteAsync($"update attune.execution set status = '{status}'", ct);
        Assert.Equal(["7 ended 1", "8 ended 2"], await bench.Db.ListAsync<string>(Happenings, ct));

        // As a foreign key does when an action goes.
        await bench.Db.ExecuteAsync("update attune.execution set worker_name = null", ct);
        Assert.Equal(2, await bench.Db.ReadAsync<long>("select count(*) from attune.workflow_happening", ct));
    }

    [Fact]
    public async Task A_task_that_ends_again_is_told_again()
    {
        await using var bench = await StartAsync();
        await bench.Db.ExecuteAsync("update attune.execution set status = 'failed'", ct);
        await bench.Db.ExecuteAsync("update attune.execution set status = 'running' where id = 1", ct);
        await bench.Db.ExecuteAsync("update attune.execution set status = 'completed' where id = 1", ct);

        Assert.Equal(["7 ended 1", "8 ended 2", "7 ended 1"], await bench.Db.ListAsync<string>(Happenings, ct));
    }

    [Fact]
    public async Task Nothing_is_told_of_what_is_no_task()
    {
        await using var bench = await StartAsync();
        await bench.Db.ExecuteAsync("update attune.execution set workflow_task = null where id = 1; update attune.execution set workflow_task = '{}' where id = 2", ct);
        await bench.Db.ExecuteAsync("update attune.execution set status = 'completed'", ct);

        Assert.Empty(await bench.Db.ListAsync<string>(Happenings, ct));
    }

    [Fact]
    public async Task Equal_graphs_have_the_same_digest()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All.TakeWhile(sample => sample.Table != "action"), ct);
        var digest = await bench.Db.ReadAsync<string>("select graph_digest from attune.workflow_definition", ct);

        await bench.Db.ExecuteAsync("update attune.workflow_definition set definition = definition || '{\"b\": 1, \"a\": 1}'", ct);
        var other = await bench.Db.ReadAsync<string>("select graph_digest from attune.workflow_definition", ct);
        await bench.Db.ExecuteAsync("update attune.workflow_definition set definition = '{\"a\": 1}' || definition", ct);

        Assert.Equal(64, digest!.Length);
        Assert.NotEqual(digest, other);
        Assert.Equal(other, await bench.Db.ReadAsync<string>("select graph_digest from attune.workflow_definition", ct));
    }

    async Task<DatabaseBench> StartAsync()
    {
        var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.ExecuteAsync(
            """
            insert into attune.execution (action_ref, workflow_task)
            values ('core.echo', '{"workflow_execution": 7}'), ('core.echo', '{"workflow_execution": 8}')
            """, ct);
        return bench;
    }
}
