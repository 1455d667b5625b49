using System.Globalization;
using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows.Drawing;

enum NodeShape
{
    Action,
    Inquiry,

    /// <summary>A command word, such as `fail`, that a task's transition names.</summary>
    Command,
}

/// <param name="Key">Unique in the picture: the name of a task, or `task:word`.</param>
/// <param name="Note">What else is to be said: joins, items, how often it ran.</param>
/// <param name="State">Null where no run is drawn.</param>
sealed record PictureNode(string Key, string Title, string Subtitle, string Note, NodeShape Shape, TaskState? State);

/// <param name="From">The place of a node.</param>
/// <param name="Label">The condition, or some of several; empty without.</param>
/// <param name="IsOnError">Only where nothing else fired.</param>
sealed record PictureEdge(int From, int To, string Label, bool IsOnError);

/// <summary>What there is to draw of a workflow, before it has a form.</summary>
/// <param name="Nodes">Tasks in the order of the workflow, command words after them.</param>
/// <param name="Edges">At most one from a node to another.</param>
sealed record Picture(IReadOnlyList<PictureNode> Nodes, IReadOnlyList<PictureEdge> Edges)
{
    // No drawing has room for more; between two tasks there may be a hundred thousand conditions.
    const int LabelMax = 200;

    public static Picture Of(Workflow workflow, IReadOnlyList<TaskStanding>? standing)
    {
        var nodes = workflow.Tasks.Select(task => Node(task, standing?[task.Index])).ToList();
        var edges = new List<PictureEdge>();
        foreach (var task in workflow.Tasks)
        {
            var places = new Dictionary<int, int>();
            foreach (var transition in task.Next)
            {
                foreach (var target in transition.Do)
                    Add(places, new(task.Index, target.Task >= 0 ? target.Task : Command(task, target.Word), LabelOf(transition), false));
            }

            foreach (var target in task.OnError.Tasks)
                Add(places, new(task.Index, target, "on error", true));
        }

        return new(nodes, edges);

        void Add(Dictionary<int, int> places, PictureEdge edge)
        {
            if (places.TryAdd(edge.To, edges.Count))
            {
                edges.Add(edge);
                return;
            }

            // Two ways to the same task are one line; without a condition on one of them neither says much.
            var known = edges[places[edge.To]];
            var label = (known.Label, edge.Label) is ("", _) or (_, "") ? ""
                : known.Label.Length > LabelMax ? known.Label
                : $"{known.Label} | {edge.Label}";
            edges[places[edge.To]] = known with { Label = label, IsOnError = known.IsOnError && edge.IsOnError };
        }

        int Command(WorkflowTask task, WorkflowCommandWord word)
        {
            var text = word.ToString().ToLowerInvariant();
            var key = $"{task.Name}:{text}";

            // Behind the tasks there are only those of this task that were named just now.
            for (var place = nodes.Count - 1; place >= workflow.Tasks.Count && nodes[place].Key.StartsWith($"{task.Name}:", StringComparison.Ordinal); place--)
            {
                if (nodes[place].Key == key)
                    return place;
            }

            nodes.Add(new(key, text, "", "", NodeShape.Command, null));
            return nodes.Count - 1;
        }
    }

    /// <summary>At most so many characters, the last of them an ellipsis where something is left out.</summary>
    public static string Cut(string text, int length) => text.Length <= length ? text : ValueJson.Cut(text, length - 1) + "…";

    static string LabelOf(Transition transition) => transition.IsElse ? "else" : transition.When?.ToString() ?? "";

    static PictureNode Node(WorkflowTask task, TaskStanding? standing) => new(
        task.Name,
        task.Name,
        task.ActionRef ?? "asks people",
        string.Join(" · ", Notes(task, standing)),
        task.Inquiry is null ? NodeShape.Action : NodeShape.Inquiry,
        standing?.State);

    static IEnumerable<string> Notes(WorkflowTask task, TaskStanding? standing)
    {
        if (standing is not null)
            yield return standing.State.ToString().ToLowerInvariant();
        if (standing?.RunCount > 1)
            yield return string.Create(CultureInfo.InvariantCulture, $"run {standing.RunCount} times");
        if (task.JoinCount > 0)
            yield return task.JoinCount == task.Sources.Count ? $"joins all {task.JoinCount}" : $"joins {task.JoinCount} of {task.Sources.Count}";
        if (standing?.Items is { } items)
            yield return $"{items.Completed} of {items.Total} items{(items.Failed > 0 ? $", {items.Failed} failed" : "")}";
        else if (task.Items is not null)
            yield return "each item";
    }
}
