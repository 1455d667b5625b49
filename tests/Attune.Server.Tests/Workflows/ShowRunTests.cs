using Attune.Testing;
using Attune.V1;
using Dapper;

namespace Attune.Server.Tests.Workflows;

/// <summary>What is told of a run that an agent really carried out: the tree, the log, the views.</summary>
public sealed class ShowRunTests : IAsyncLifetime
{
    ShopBench bench = null!;

    public async Task InitializeAsync() => bench = await ShopBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task The_tree_of_a_failed_run_shows_which_item_failed_and_what_was_skipped()
    {
        var id = await bench.FailedAsync();

        var tree = await bench.TreeAsync(id);

        Assert.Equal(
            [
                ("", -1, TaskState.Failed), ("build", -1, TaskState.Completed), ("install", -1, TaskState.Failed),
                ("install", 0, TaskState.Failed), ("install", 1, TaskState.Completed), ("check", -1, TaskState.Skipped),
            ],
            tree.Nodes.Select(node => (node.TaskName, node.HasItemIndex ? node.ItemIndex : -1, node.State)));
        var install = tree.Nodes[2];
        Assert.Equal((2, 1, 1, 0), (install.Items.TotalCount, install.Items.CompletedCount, install.Items.FailedCount, install.Items.RunningCount));
        Assert.Equal("DISK_FULL", tree.Nodes[3].Error.Reason);
        Assert.All(tree.Nodes.Take(5), node => Assert.NotNull(node.FinishedAt));
    }

    [Fact]
    public async Task A_start_answers_that_it_is_a_workflow_and_a_watcher_sees_its_end()
    {
        var started = (await bench.Executions.StartExecutionAsync(new() { ActionRef = "shop.deploy" })).Execution;
        await bench.NextAsync(error: "BROKEN");

        Assert.True(started.IsWorkflow);
        Assert.Equal(ExecutionStatus.Failed, await bench.UntilFinalAsync(started.Id));
    }

    [Fact]
    public async Task The_views_tell_the_truth()
    {
        var id = await bench.FailedAsync();
        await using var connection = await bench.Packs.Server.Database.Db.OpenConnectionAsync(Soon);

        var summary = await connection.QuerySingleAsync(
            """
            select action_ref, workflow_ref, workflow_label, workflow_version, status::text as status, paused, error_message,
                current_task_count, completed_task_count, failed_task_count, skipped_task_count
            from workflow_execution_summary
            where execution = @id
            """,
            new { id });
        var tasks = (await connection.QueryAsync(
            """
            select task_name, task_index, status::text as status, run, retry_count, timed_out, parent,
                duration_ms >= 0 as has_duration, completed_at is not null as has_end, timeout_seconds
            from workflow_task_detail
            where parent = @id
            order by task_name, task_index
            """,
            new { id })).AsList();
        var links = (await connection.QueryAsync<(string, string)>(
            "select workflow_ref, action_ref from workflow_action_link where pack_ref = 'shop' order by 1")).AsList();

        Assert.Equal(("shop.deploy", "shop.deploy", "Deploy", "1.0.0"), ((string)summary.action_ref, (string)summary.workflow_ref, (string)summary.workflow_label, (string)summary.workflow_version));
        Assert.Equal(("failed", false), ((string)summary.status, (bool)summary.paused));
        Assert.Equal((0, 1, 1, 1), ((int)summary.current_task_count, (int)summary.completed_task_count, (int)summary.failed_task_count, (int)summary.skipped_task_count));
        Assert.NotNull((string?)summary.error_message);
        Assert.Equal(
            [("build", null, "completed", 1), ("install", 0, "failed", 2), ("install", 1, "completed", 2)],
            tasks.Select(row => ((string)row.task_name, (int?)row.task_index, (string)row.status, (int)row.run)));
        Assert.All(tasks, row => Assert.Equal((0, false, 600), ((int)row.retry_count, (bool)row.timed_out, (int)row.timeout_seconds)));
        Assert.All(tasks, row => Assert.True(row.has_end));
        Assert.Equal([("shop.deploy", "shop.deploy"), ("shop.outer", "shop.outer")], links);
    }

    [Fact]
    public async Task Current_tasks_are_in_the_summary_while_they_run()
    {
        var id = await bench.DeployAsync();
        await bench.TakeAsync();

        Assert.Equal(1, await bench.Packs.ReadAsync<int>("select current_task_count from workflow_execution_summary where execution = @id", new { id }));
        Assert.Equal("running", await bench.Packs.ReadAsync<string>("select status::text from workflow_execution_summary where execution = @id", new { id }));
    }

    [Fact]
    public async Task A_sub_workflow_is_paused_with_its_parent_and_its_tree_hangs_below_it()
    {
        var id = await bench.DeployAsync("shop.outer");
        await bench.TakeAsync();

        await bench.Workflows.PauseWorkflowAsync(new() { ExecutionId = id, Reason = "night" });
        var tree = await bench.TreeAsync(id);
        var inner = tree.Nodes.Single(node => node.TaskName is "inner");

        Assert.Equal(inner.Node, tree.Nodes.Single(node => node.TaskName is "build").ParentNode);
        Assert.Equal("Is paused: night.", tree.Nodes[0].Waiting);
        await Waiting.UntilAsync(async () => (await bench.GetAsync(inner.ExecutionId)).Paused, "the sub-workflow is paused", Soon);
    }
}
