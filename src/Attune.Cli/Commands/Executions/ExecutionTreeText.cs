using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;
using Google.Protobuf.Collections;

namespace Attune.Cli.Commands.Executions;

/// <summary>A tree of executions as lines.</summary>
/// <param name="isRedrawn">On a terminal: the next tree takes the place of the one before.</param>
sealed class ExecutionTreeText(Invocation run, bool isRedrawn)
{
    string? last;
    int lineCount;

    public void Write(GetExecutionTreeResponse tree)
    {
        // Durations move all the time; what is not redrawn in place is written again only when more than they changed.
        var told = tree.ToString();
        if (!isRedrawn && told == last)
            return;

        if (last is not null)
            run.Terminal.Out.Write(!isRedrawn ? "\n" : lineCount < Terminal.Height ? $"\e[{lineCount}F\e[J" : "\e[H\e[2J");
        var lines = Lines(tree);
        lines.ForEach(run.Terminal.Out.WriteLine);
        (last, lineCount) = (told, lines.Count);
    }

    List<string> Lines(GetExecutionTreeResponse tree)
    {
        var names = Names(tree.Nodes);
        var width = names.Max(name => name.Length);
        var states = tree.Nodes.Select(State).ToList();
        var stateWidth = states.Max(state => state.Text.Length);
        var lengths = tree.Nodes.Select(Length).ToList();
        var lengthWidth = lengths.Max(length => length.Length);
        // A line that wraps would be two, and the next tree would be drawn in the wrong place.
        var room = Math.Max(0, Terminal.Width - width - stateWidth - lengthWidth - 7);
        var lines = new List<string>(tree.Nodes.Count + 1);
        for (var i = 0; i < tree.Nodes.Count; i++)
        {
            var colour = run.Terminal.ColourOut;
            var state = states[i].Tone.Paint(states[i].Text.PadRight(stateWidth), colour);
            var about = About(tree.Nodes[i]);
            if (isRedrawn && about.Length > room)
                about = about[..room];
            lines.Add($"{names[i].PadRight(width)}  {state}  {lengths[i].PadRight(lengthWidth)}  {about}".TrimEnd());
        }

        if (tree.LeftOutCount > 0)
            lines.Add($"{tree.LeftOutCount} or more that are not shown; --limit N shows more.");
        return lines;
    }

    // The lines of a tree: what hangs below what, and whether more of the same parent follows.
    static List<string> Names(RepeatedField<ExecutionTreeNode> nodes)
    {
        var lastChild = new Dictionary<int, int>();
        foreach (var node in nodes)
            lastChild[node.ParentNode] = node.Node;

        var prefixes = new Dictionary<int, string>();
        var names = new List<string>(nodes.Count);
        foreach (var node in nodes)
        {
            if (node.ParentNode < 0)
            {
                prefixes[node.Node] = "";
                names.Add(Name(node));
                continue;
            }

            var isLast = lastChild[node.ParentNode] == node.Node;
            var above = prefixes[node.ParentNode];
            names.Add(above + (isLast ? "└─ " : "├─ ") + Name(node));
            prefixes[node.Node] = above + (isLast ? "   " : "│  ");
        }

        return names;
    }

    static string Name(ExecutionTreeNode node)
    {
        var name = node.TaskName is "" ? node.ActionRef : node.HasItemIndex ? $"[{node.ItemIndex}]" : node.TaskName;
        if (node is { Run: > 1, HasItemIndex: false })
            name += $" (run {node.Run})";
        return new Cell(node.RetryCount > 0 ? $"{name} (retry {node.RetryCount})" : name).Printable;
    }

    static Cell State(ExecutionTreeNode node) => node.Status is not ExecutionStatus.Unspecified
        ? Texts.Status(node.Status)
        : new(Texts.Word(node.State), node.State switch
        {
            TaskState.Completed => Tone.Good,
            TaskState.Failed or TaskState.Timeout => Tone.Bad,
            TaskState.Running or TaskState.Waiting => Tone.Busy,
            _ => Tone.Dim,
        });

    string Length(ExecutionTreeNode node)
    {
        if (node.StartedAt is not { } start)
            return "";

        var end = node.FinishedAt?.ToDateTimeOffset() ?? run.Clock.GetUtcNow();
        return Texts.Length(end - start.ToDateTimeOffset());
    }

    static string About(ExecutionTreeNode node)
    {
        var parts = new List<string>();
        if (node.ExecutionId > 0)
            parts.Add($"{node.ExecutionId}{(node.WorkerName is "" ? "" : $" on {node.WorkerName}")}");
        if (node.Items is { } items)
            parts.Add(Items(items));
        if (node.Waiting is not "")
            parts.Add(node.Waiting);
        if (node is { InquiryId: > 0, State: TaskState.Running })
            parts.Add($"(attune inquiry respond {node.InquiryId})");
        if (node.Error?.Message is { Length: > 0 } message)
            parts.Add(message);
        return new Cell(string.Join("  ", parts)).Printable;
    }

    static string Items(WorkflowItems items)
    {
        var text = $"{items.CompletedCount} of {items.TotalCount} items done";
        if (items.FailedCount > 0)
            text += $", {items.FailedCount} failed";
        return items.RunningCount > 0 ? $"{text}, {items.RunningCount} running" : text;
    }
}
