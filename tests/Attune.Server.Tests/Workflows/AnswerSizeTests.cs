using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Workflows;

/// <summary>Answers about runs that hold much: the client of these tests takes 4 MB, as clients do.</summary>
public sealed class AnswerSizeTests : IAsyncLifetime
{
    const int BytesMax = 3 << 20;

    PackBench bench = null!;
    TreeRows rows = null!;

    public async Task InitializeAsync()
    {
        bench = await PackBench.StartAsync();
        rows = new(bench);
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    WorkflowService.WorkflowServiceClient Workflows => new(bench.Server.Admin);

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task Of_many_changes_the_oldest_values_are_left_out()
    {
        var root = await rows.WorkflowAsync();
        await EditAsync(root, 200, "ü");

        var run = (await Workflows.GetWorkflowExecutionAsync(new() { ExecutionId = root }, cancellationToken: Soon)).WorkflowExecution;

        Assert.InRange(run.CalculateSize(), BytesMax / 2, BytesMax);
        Assert.Equal(200, run.Edits.Count);
        Assert.Null(run.Edits[0].Value);
        Assert.NotNull(run.Edits[^1].Value);
        Assert.Equal(["edits.value"], run.LeftOut);
    }

    [Fact]
    public async Task Variables_that_do_not_fit_are_left_out_and_a_small_run_is_whole()
    {
        var (root, small) = (await rows.WorkflowAsync(), await rows.WorkflowAsync());
        await bench.ReadAsync<int>(
            """
            update workflow_execution
            set variables = jsonb_build_object('numbers', (select jsonb_agg(1) from generate_series(1, 500000)))
            where execution = @root
            """,
            new { root });
        await EditAsync(root, 1, "x");

        var run = (await Workflows.GetWorkflowExecutionAsync(new() { ExecutionId = root }, cancellationToken: Soon)).WorkflowExecution;

        Assert.InRange(run.CalculateSize(), 1, BytesMax);
        Assert.Contains("variables", run.LeftOut);
        Assert.Single(run.Edits);
        Assert.Equal(4, run.Tasks.Count);
        Assert.Empty((await Workflows.GetWorkflowExecutionAsync(new() { ExecutionId = small }, cancellationToken: Soon)).WorkflowExecution.LeftOut);
    }

    [Fact]
    public async Task A_tree_of_long_errors_and_questions_keeps_what_fits_and_counts_the_rest()
    {
        var root = await rows.WorkflowAsync();
        await rows.FailedItemsAsync(root, "install", 8000, new string('ü', 5000));
        var asking = await rows.TaskAsync(root, "approve", "running", run: 2);
        await rows.AskAsync(asking, new string('ü', 10_000));

        var tree = await bench.Server.Executions.GetExecutionTreeAsync(new() { ExecutionId = root, NodeLimit = 10_000 }, cancellationToken: Soon);

        Assert.InRange(tree.CalculateSize(), BytesMax / 2, BytesMax);
        Assert.True(tree.LeftOutCount > 0);
        Assert.InRange(tree.Nodes.Count + tree.LeftOutCount, 8002, 8010);
        Assert.Contains(tree.Nodes, node => node.InquiryId != 0 && node.Waiting.Length < 400);
        Assert.All(tree.Nodes.Skip(1), node => Assert.InRange(node.ParentNode, 0, node.Node - 1));
    }

    Task<int> EditAsync(long root, int count, string letter) => bench.ReadAsync<int>(
        """
        insert into workflow_edit (workflow_execution, login, kind, tasks, reason, value)
        select w.id, 'ada', 'edit_result', '{build}', repeat(@letter, 4000), to_jsonb(repeat(@letter, 4000))
        from workflow_execution w, generate_series(1, @count)
        where w.execution = @root
        """,
        new { root, count, letter });
}
