using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Tests.Workflows;

/// <summary>The tree below an execution, from rows.</summary>
public sealed class TreeTests : IAsyncLifetime
{
    PackBench bench = null!;
    TreeRows rows = null!;

    public async Task InitializeAsync()
    {
        bench = await PackBench.StartAsync();
        rows = new(bench);
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_tree_has_tries_items_questions_and_what_was_not_reached()
    {
        var root = await rows.WorkflowAsync();
        var first = await rows.TaskAsync(root, "build", "failed");
        var second = await rows.TaskAsync(root, "build", "completed", retry: 1);
        var item = await rows.TaskAsync(root, "install", "completed", run: 2, item: 0);
        var other = await rows.TaskAsync(root, "install", "running", run: 2, item: 1);
        var asking = await rows.TaskAsync(root, "approve", "running", run: 3);
        var inquiry = await rows.AskAsync(asking, "Go on?");

        var tree = await TreeAsync(root);

        Assert.Equal(0, tree.LeftOutCount);
        Assert.Equal(
            [
                (0, -1, "", root, TaskState.Running),
                (1, 0, "build", first, TaskState.Failed),
                (2, 0, "build", second, TaskState.Completed),
                (3, 0, "install", 0, TaskState.Running),
                (4, 3, "install", item, TaskState.Completed),
                (5, 3, "install", other, TaskState.Running),
                (6, 0, "approve", asking, TaskState.Running),
                (7, 0, "deep", 0, TaskState.Pending),
            ],
            tree.Nodes.Select(node => (node.Node, node.ParentNode, node.TaskName, node.ExecutionId, node.State)));
        Assert.Equal((1, "exit code 3"), (tree.Nodes[2].RetryCount, tree.Nodes[1].Error.Message));
        Assert.Equal((2, 1, 0, 1), Counts(tree.Nodes[3].Items));
        Assert.Equal((true, 1, "edge-1"), (tree.Nodes[5].HasItemIndex, tree.Nodes[5].ItemIndex, tree.Nodes[5].WorkerName));
        Assert.Equal((inquiry, "Waits for an answer: Go on?"), (tree.Nodes[6].InquiryId, tree.Nodes[6].Waiting));
        Assert.Equal("other.deep", tree.Nodes[7].ActionRef);
    }

    [Fact]
    public async Task A_cycles_runs_are_counted_for_each_task()
    {
        var root = await rows.WorkflowAsync();
        await rows.TaskAsync(root, "build", "completed", run: 1);
        await rows.TaskAsync(root, "approve", "completed", run: 2);
        await rows.TaskAsync(root, "build", "completed", run: 3);

        var tree = await TreeAsync(root);

        Assert.Equal([1, 1, 2], tree.Nodes.Skip(1).Take(3).Select(node => node.Run));
    }

    [Fact]
    public async Task Sub_workflows_are_nested_and_a_paused_one_says_so()
    {
        var root = await rows.WorkflowAsync();
        var sub = await rows.WorkflowAsync("edge.deep", parent: root, task: TreeRows.TaskJson("deep"), paused: true);
        var below = await rows.TaskAsync(sub, "build", "running");

        var tree = await TreeAsync(root);

        var node = tree.Nodes.Single(each => each.ExecutionId == sub);
        Assert.Equal("Is paused: night.", node.Waiting);
        Assert.Equal(node.Node, tree.Nodes.Single(each => each.ExecutionId == below).ParentNode);
        Assert.Equal(tree.Nodes.Select((_, index) => index), tree.Nodes.Select(each => each.Node));
        Assert.All(tree.Nodes.Skip(1), each => Assert.True(each.ParentNode < each.Node));
    }

    [Fact]
    public async Task What_is_inside_a_sub_workflow_of_a_pack_that_is_not_ones_own_is_not_shown()
    {
        var root = await rows.WorkflowAsync();
        var sub = await rows.WorkflowAsync("other.deep", parent: root, task: TreeRows.TaskJson("deep"));
        var below = await rows.TaskAsync(sub, "build", "running");
        var narrow = await bench.LoginWithAsync("""[{"resource": "executions", "actions": ["read"], "constraints": {"packs": ["edge"]}}]""");
        var executions = new ExecutionService.ExecutionServiceClient(bench.Server.Anonymous);

        var tree = await executions.GetExecutionTreeAsync(new() { ExecutionId = root }, narrow);

        Assert.Contains(tree.Nodes, node => node.ExecutionId == sub);
        Assert.DoesNotContain(tree.Nodes, node => node.ExecutionId == below);
        Assert.Equal(
            "EXECUTION_NOT_FOUND",
            (await RefusedCall.OfAsync(() => executions.GetExecutionTreeAsync(new() { ExecutionId = sub }, narrow).ResponseAsync)).Reason);
    }

    [Fact]
    public async Task Of_many_items_the_unfinished_and_failed_ones_come_first()
    {
        var root = await rows.WorkflowAsync();
        await rows.ItemsAsync(root, "install", 0, 5000);
        var failed = await rows.TaskAsync(root, "install", "failed", item: 5000);
        var running = await rows.TaskAsync(root, "install", "running", item: 5001);

        var tree = await TreeAsync(root, 20);

        Assert.Equal(20, tree.Nodes.Count);
        Assert.Contains(tree.Nodes, node => node.ExecutionId == failed);
        Assert.Contains(tree.Nodes, node => node.ExecutionId == running);
        // The root, the task as a whole, its 5002 items, and three tasks that were not reached.
        Assert.Equal(1 + 1 + 5002 + 3, tree.Nodes.Count + tree.LeftOutCount);
        Assert.Equal((5002, 5000, 1, 1), Counts(tree.Nodes.Single(node => node.Items is not null).Items));
    }

    [Fact]
    public async Task A_retried_item_counts_by_its_last_try()
    {
        var root = await rows.WorkflowAsync();
        await rows.TaskAsync(root, "install", "failed", item: 0);
        await rows.TaskAsync(root, "install", "completed", item: 0, retry: 1);

        var tree = await TreeAsync(root);

        Assert.Equal((1, 1, 0, 0), Counts(tree.Nodes.Single(node => node.Items is not null).Items));
        Assert.Equal(2, tree.Nodes.Count(node => node.HasItemIndex));
    }

    [Fact]
    public async Task What_is_below_a_cut_is_counted_as_left_out()
    {
        var root = await rows.WorkflowAsync();
        await rows.TaskAsync(root, "build", "running");
        await rows.TaskAsync(root, "approve", "completed", run: 2);

        var tree = await TreeAsync(root, 1);

        Assert.Equal((1, 2), (tree.Nodes.Count, tree.LeftOutCount));
    }

    [Fact]
    public async Task A_task_that_no_agent_takes_says_why()
    {
        var root = await rows.WorkflowAsync();
        var started = await bench.Server.Executions.StartExecutionAsync(new() { ActionRef = "core.noop", WorkerLabels = { ["zone"] = "edge" } });
        await bench.ReadAsync<int>(
            "update execution set parent = @root, workflow_task = @task::jsonb where id = @id",
            new { root, id = started.Execution.Id, task = TreeRows.TaskJson("build") });

        var tree = await TreeAsync(root);

        Assert.Equal("Waits: no agent has ever joined.", tree.Nodes[1].Waiting);
        Assert.Equal(ExecutionStatus.Requested, tree.Nodes[1].Status);
    }

    [Fact]
    public async Task An_execution_that_is_no_workflow_is_a_tree_of_one()
    {
        var started = await bench.Server.Executions.StartExecutionAsync(new() { ActionRef = "core.noop" });

        var node = Assert.Single((await TreeAsync(started.Execution.Id)).Nodes);

        Assert.Equal((-1, "core.noop", "Waits: no agent has ever joined."), (node.ParentNode, node.ActionRef, node.Waiting));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(10_001)]
    public async Task A_limit_that_is_none_is_refused(int limit)
    {
        var refused = await RefusedCall.OfAsync(() => TreeAsync(1, limit));

        Assert.Equal((StatusCode.InvalidArgument, "NODE_LIMIT_INVALID"), (refused.Code, refused.Reason));
    }

    async Task<GetExecutionTreeResponse> TreeAsync(long id, int limit = 0)
        => await bench.Server.Executions.GetExecutionTreeAsync(
            new() { ExecutionId = id, NodeLimit = limit }, cancellationToken: Waiting.SoonEnough);

    static (int, int, int, int) Counts(WorkflowItems items)
        => (items.TotalCount, items.CompletedCount, items.FailedCount, items.RunningCount);
}
