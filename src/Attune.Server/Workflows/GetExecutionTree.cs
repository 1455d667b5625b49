using Attune.Server.Executions;
using Attune.Server.Hosting;
using Wire = Attune.V1;

namespace Attune.Server.Workflows;

/// <summary>An execution with everything below it that the caller may see.</summary>
sealed class GetExecutionTree(
    ExecutionStore executions, ExecutionTreeStore levels, ShownRunStore runs, ExplainWaiting waiting)
{
    public const int LimitDefault = 1000;
    public const int LimitMax = 10_000;

    public async Task<Result<Wire.GetExecutionTreeResponse>> RunAsync(Caller caller, long id, int nodeLimit, CancellationToken ct)
    {
        if (nodeLimit is < 0 or > LimitMax)
            return Failure.Invalid("NODE_LIMIT_INVALID", "node_limit", $"{nodeLimit} is not between 1 and {LimitMax}.");
        if (await executions.FindAsync(id, ct) is not { } execution || !caller.May("executions", "read", execution.PackRef))
            return ExecutionStore.NotFound([id]);

        var tree = new ExecutionTree(execution, nodeLimit == 0 ? LimitDefault : nodeLimit);
        var open = tree.Roots;
        while (open.Count > 0)
        {
            var parents = open.Select(node => node.Wire.ExecutionId).ToArray();
            var level = await levels.ReadAsync(parents, tree.Room, ct);
            if (tree.Room == 0)
            {
                tree.LeaveOut(level);
                break;
            }

            // What a sub-workflow does inside belongs to its own pack.
            open = [.. tree.Add(open, await runs.FindAsync(parents, ct), level)
                .Where(node => caller.May("executions", "read", node.Wire.ActionRef.Split('.', 2)[0]))];
        }

        var nodes = tree.ToWire();
        await ExplainAsync(nodes, ct);
        return new Wire.GetExecutionTreeResponse { Nodes = { nodes }, LeftOutCount = tree.LeftOutCount };
    }

    async Task ExplainAsync(IReadOnlyList<Wire.ExecutionTreeNode> nodes, CancellationToken ct)
    {
        var queued = nodes.Where(node => node.Status is Wire.ExecutionStatus.Requested).ToList();
        var sentences = await waiting.RunAsync([.. queued.Select(node => node.ExecutionId)], ct);
        ExecutionTree.Explain(queued, sentences);
    }
}
