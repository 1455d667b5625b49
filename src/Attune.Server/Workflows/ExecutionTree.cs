using System.Text;
using Attune.Engine.Workflows;
using Attune.Server.Dispatch;
using Attune.Server.Executions;
using Google.Protobuf.WellKnownTypes;
using Execution = Attune.Server.Executions.Execution;
using Wire = Attune.V1;

namespace Attune.Server.Workflows;

/// <summary>An execution with what is below it, put together level by level. Knows no database.</summary>
sealed class ExecutionTree
{
    const int TextMax = 300;

    // Clients take 4 MB unless they are told otherwise.
    const int BytesMax = 5 << 19;
    const int SentenceBytesMax = 1 << 19;

    // A node's number, its parent's, and how long it is.
    const int BytesBeside = 16;

    readonly Node root;
    readonly int limit;
    int count = 1;
    int bytes;

    public ExecutionTree(Execution execution, int limit)
    {
        this.limit = limit;
        root = new(new()
        {
            ParentNode = -1,
            ExecutionId = execution.Id,
            ActionRef = execution.ActionRef,
            State = execution.Status.ToTaskState(),
            Status = execution.Status.ToWire(),
            StartedAt = execution.StartedAt?.ToTimestamp(),
            FinishedAt = execution.FinishedAt?.ToTimestamp(),
            WorkerName = execution.WorkerName ?? "",
            Error = Brief(execution.Error),
        })
        {
            IsWorkflow = execution.IsWorkflow,
        };
    }

    public int Room => bytes >= BytesMax ? 0 : limit - count;

    /// <summary>At least: what is below a node that was left out is not counted.</summary>
    public long LeftOutCount { get; private set; }

    /// <summary>Adds what is directly below the workflows among the given nodes.</summary>
    /// <returns>Nodes that were added and are workflows themselves.</returns>
    public IReadOnlyList<Node> Add(IReadOnlyList<Node> parents, IReadOnlyList<ShownRun> runs, TreeLevel level)
    {
        var byExecution = parents.ToDictionary(node => node.Wire.ExecutionId);
        var groups = new Dictionary<(long Parent, int Run), Node>();
        var found = new List<Node>();
        foreach (var run in runs)
        {
            var parent = byExecution[run.ExecutionId];
            if (run.IsPaused && parent.Wire.State is Wire.TaskState.Running)
                parent.Wire.Waiting = run.PauseReason is "" ? "Is paused." : $"Is paused: {run.PauseReason.TrimEnd('.')}.";

            var items = level.Items.Where(row => row.Parent == run.ExecutionId).ToList();
            foreach (var row in items)
                found.Add(groups[(row.Parent, row.Run)] = GroupOf(parent, row, run, items));
            found.AddRange(IdleOf(parent, run, level, items));
        }

        foreach (var row in level.Children)
        {
            // Without its group an item would be a node that nobody can place.
            if (row.ItemIndex is null)
                found.Add(ChildOf(byExecution[row.Parent], row));
            else if (groups.TryGetValue((row.Parent, row.Run), out var group))
                found.Add(ChildOf(group, row));
        }

        var known = level.ChildCount + level.ItemsCount + found.Count(node => node.IsIdle);
        var kept = Keep(found);
        count += kept.Count;
        bytes += kept.Sum(SizeOf);
        LeftOutCount += known - kept.Count;
        foreach (var node in kept.OrderBy(node => node.Order))
            node.Parent!.Children.Add(node);
        return [.. kept.Where(node => node.IsWorkflow)];
    }

    public IReadOnlyList<Node> Roots => root.IsWorkflow ? [root] : [];

    /// <summary>For what there was no room for at all.</summary>
    public void LeaveOut(TreeLevel level) => LeftOutCount += level.ChildCount + level.ItemsCount;

    /// <summary>Parents before their children, numbered.</summary>
    public IReadOnlyList<Wire.ExecutionTreeNode> ToWire()
    {
        var nodes = new List<Wire.ExecutionTreeNode>(count);
        var open = new Stack<Node>([root]);
        while (open.TryPop(out var node))
        {
            node.Wire.Node = nodes.Count;
            if (node.Parent is { } parent)
                node.Wire.ParentNode = parent.Wire.Node;
            nodes.Add(node.Wire);
            for (var i = node.Children.Count - 1; i >= 0; i--)
                open.Push(node.Children[i]);
        }

        return nodes;
    }

    List<Node> Keep(List<Node> found)
    {
        if (found.Count <= Room && bytes + found.Sum(node => (long)SizeOf(node)) <= BytesMax)
            return found;

        var (kept, taken) = (new HashSet<Node>(), bytes);
        foreach (var node in found.OrderBy(node => node.Rank).ThenBy(node => node.Order).Take(Room))
        {
            taken += SizeOf(node);
            if (taken > BytesMax)
            {
                // No more fits, whatever is below.
                bytes = BytesMax;
                break;
            }

            kept.Add(node);
        }

        return [.. kept.Where(node => node.Group is null || kept.Contains(node.Group))];
    }

    static int SizeOf(Node node) => node.Wire.CalculateSize() + BytesBeside;

    /// <summary>Tells why nodes wait that are not started, as far as there is room for it.</summary>
    public static void Explain(IEnumerable<Wire.ExecutionTreeNode> nodes, IReadOnlyDictionary<long, string> sentences)
    {
        var room = SentenceBytesMax;
        foreach (var node in nodes)
        {
            if (!sentences.TryGetValue(node.ExecutionId, out var sentence))
                continue;
            sentence = Cut(sentence);
            room -= Encoding.UTF8.GetByteCount(sentence);
            if (room < 0)
                return;
            node.Waiting = sentence;
        }
    }

    static Node ChildOf(Node parent, TreeChildRow row)
    {
        var wire = new Wire.ExecutionTreeNode
        {
            ExecutionId = row.Id,
            TaskName = row.TaskName,
            ActionRef = row.ActionRef,
            State = row.Status.ToTaskState(),
            Status = row.Status.ToWire(),
            RetryCount = row.RetryCount,
            Run = row.TaskRun,
            StartedAt = row.StartedAt?.ToTimestamp(),
            FinishedAt = row.FinishedAt?.ToTimestamp(),
            WorkerName = row.WorkerName ?? "",
            Error = Brief(row.Error),
            InquiryId = row.Inquiry ?? 0,
            Waiting = row is { IsFinal: false, Prompt: { } prompt } ? $"Waits for an answer: {Cut(prompt)}" : "",
        };
        if (row.ItemIndex is { } item)
            wire.ItemIndex = item;
        return new(wire)
        {
            Parent = parent,
            Group = row.ItemIndex is null ? null : parent,
            IsWorkflow = row.IsWorkflow,
            Order = row.Id,
            Rank = (row.Status is ExecutionStatus.Completed or ExecutionStatus.Cancelled, row.ItemIndex) switch
            {
                (false, null) => 0,
                (true, null) => 2,
                (false, _) => row.IsFinal ? 4 : 3,
                (true, _) => 6,
            },
        };
    }

    static Node GroupOf(Node parent, TreeItemsRow row, ShownRun run, List<TreeItemsRow> all)
    {
        // What the workflow itself says is about the latest run; of earlier ones there is only what their items did.
        var standing = all.TrueForAll(other => other.TaskName != row.TaskName || other.Run <= row.Run) ? run.StandingOf(row.TaskName) : null;
        if (standing?.Items is not { } items || items.Total < row.StartedCount)
        {
            standing = null;
            items = new(row.StartedCount, row.CompletedCount, row.FailedCount, row.RunningCount);
        }

        var state = standing?.State ?? (row.RunningCount > 0 ? TaskState.Running : row.FailedCount > 0 ? TaskState.Failed : TaskState.Completed);
        var isOver = state is not (TaskState.Running or TaskState.Waiting or TaskState.Pending);
        return new(new()
        {
            TaskName = row.TaskName,
            ActionRef = run.Graph.Find(row.TaskName)?.ActionRef ?? "",
            State = state.ToWire(),
            Run = row.TaskRun,
            StartedAt = row.StartedAt?.ToTimestamp(),
            FinishedAt = isOver ? row.FinishedAt?.ToTimestamp() : null,
            Error = Brief(standing?.Error.ToWire()),
            Waiting = Cut(standing?.Waiting ?? ""),
            Items = items.ToWire(),
        })
        {
            Parent = parent,
            Order = row.FirstId,
            Rank = state is TaskState.Completed ? 2 : 0,
        };
    }

    // Tasks that no execution stands for now: not reached, waiting, skipped, given their result by hand, or without an item.
    static IEnumerable<Node> IdleOf(Node parent, ShownRun run, TreeLevel level, List<TreeItemsRow> items)
    {
        var seen = level.Children.Where(row => row.Parent == run.ExecutionId).Select(row => row.TaskName)
            .Concat(items.Select(row => row.TaskName)).ToHashSet();
        var running = level.Children.Where(row => row.Parent == run.ExecutionId && !row.IsFinal).Select(row => row.TaskName).ToHashSet();
        for (var index = 0; index < run.Standing.Count; index++)
        {
            var standing = run.Standing[index];
            var waits = standing.State is TaskState.Waiting && standing.Items is null && !running.Contains(standing.Name);
            var isLeftOut = standing.Handle != 0 || (standing.Items is not null && standing.RunCount > 0);
            if (!waits && (seen.Contains(standing.Name) || (isLeftOut && level.ChildCount > level.Children.Count)))
                continue;

            yield return new(new()
            {
                TaskName = standing.Name,
                ActionRef = run.Graph.Tasks[index].ActionRef ?? "",
                State = standing.State.ToWire(),
                Run = Math.Max(1, standing.RunCount),
                Error = Brief(standing.Error.ToWire()),
                Waiting = Cut(standing.Waiting ?? ""),
                Items = standing.Items.ToWire(),
            })
            {
                Parent = parent,
                IsIdle = true,
                // Behind everything that was started.
                Order = long.MaxValue - run.Standing.Count + index,
                Rank = waits ? 1 : 5,
            };
        }
    }

    // Thousands of nodes have to fit into a message.
    static Wire.ExecutionError? Brief(string? json) => Brief(ErrorJson.Read(json));

    static Wire.ExecutionError? Brief(Wire.ExecutionError? error)
    {
        if (error is null)
            return null;

        error.StderrTail = "";
        error.Message = Cut(error.Message);
        return error;
    }

    static string Cut(string text) => text.Length <= TextMax ? text : $"{text[..TextMax]}…";

    internal sealed class Node(Wire.ExecutionTreeNode wire)
    {
        public Wire.ExecutionTreeNode Wire => wire;
        public Node? Parent { get; init; }

        /// <summary>The task as a whole, where this is an item of it.</summary>
        public Node? Group { get; init; }
        public bool IsWorkflow { get; init; }
        public bool IsIdle { get; init; }
        public long Order { get; init; }

        /// <summary>Lower ones are kept first when there is no room for all.</summary>
        public int Rank { get; init; }
        public List<Node> Children { get; } = [];
    }
}
