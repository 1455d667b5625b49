using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Simulation;

/// <summary>
/// How often each task must have been run at least: a transition without a condition leads on from each run that succeeded. Conditions are
/// not judged, so there may be more.
/// </summary>
sealed class LowerBounds(Workflow workflow)
{
    readonly Dictionary<string, int> completedRuns = [];
    readonly Dictionary<int, int> itemsLeft = [];

    /// <summary>A run with items; of each, one try completes at most.</summary>
    public void Began(int run, int items) => itemsLeft[run] = items;

    public void Completed(RunKey key, string task)
    {
        if (key.Item < 0 || --itemsLeft[key.Run] == 0)
            completedRuns[task] = completedRuns.GetValueOrDefault(task) + 1;
    }

    public void Check(IReadOnlyList<TaskStanding> standing)
    {
        foreach (var task in workflow.Tasks)
        {
            var least = workflow.Roots.Contains(task.Index) ? 1 : 0;
            if (task.JoinCount == 0)
                least += task.Sources.Sum(source => Ends(source) * Edges(workflow.Tasks[source], task.Index));
            else if (task.Sources.Count >= task.JoinCount)
                least += task.Sources.Select(source => Edges(workflow.Tasks[source], task.Index) > 0 ? Ends(source) : 0).OrderDescending().ElementAt(task.JoinCount - 1);
            World.Check(standing[task.Index].RunCount >= least, $"{task.Name} was run {standing[task.Index].RunCount} times; what succeeded leads there {least} times.");
        }
    }

    int Ends(int source) => completedRuns.GetValueOrDefault(workflow.Tasks[source].Name);

    static int Edges(WorkflowTask source, int target) => source.Next
        .Where(transition => (transition.When is null && !transition.IsElse) || transition.IsAlways)
        .Where(transition => !transition.Do.Any(each => each.Word is WorkflowCommandWord.Retry or WorkflowCommandWord.Fail))
        .Sum(transition => transition.Do.Count(each => each.Task == target));
}
