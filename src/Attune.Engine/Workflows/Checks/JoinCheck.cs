using Attune.Engine.Workflows.Definitions;

namespace Attune.Engine.Workflows.Checks;

/// <summary>
/// Finds joins that can never be satisfied, and tasks that no way leads to. Only what is certain: whether conditions hold is not guessed.
/// </summary>
sealed class JoinCheck
{
    const int NamesMax = 5;

    // More than any graph that a person wrote needs; what a hostile one hides behind it shows when it runs.
    const int StepsMax = 5_000_000;

    const int Several = -1;

    readonly Workflow workflow;
    readonly TaskGraph graph;
    readonly Mistakes mistakes;

    // The transition by which one task leads to another; `on_error` counts as the one after the last.
    readonly Dictionary<(int From, int To), int> transitions = [];
    readonly bool[] runsOnce;
    int steps;

    public JoinCheck(Workflow workflow, TaskGraph graph, Mistakes mistakes)
    {
        (this.workflow, this.graph, this.mistakes) = (workflow, graph, mistakes);
        foreach (var task in workflow.Tasks)
        {
            for (var index = 0; index < task.Next.Count; index++)
            {
                foreach (var target in task.Next[index].Do.Where(target => target.Task >= 0))
                    Lead(task.Index, target.Task, index);
            }

            foreach (var target in task.OnError.Tasks)
                Lead(task.Index, target, task.Next.Count);
        }

        runsOnce = new bool[workflow.Tasks.Count];
        foreach (var component in graph.Components.Reverse())
        {
            if (component is [var single])
                runsOnce[single] = RunsOnce(workflow.Tasks[single]);
        }
    }

    public void Check()
    {
        foreach (var task in workflow.Tasks)
        {
            if (!graph.IsReachable(task.Index))
                mistakes.Report($"tasks.{task.Name}", $"No way leads here from where the workflow starts: {Names(workflow.Roots)}.");
            else if (task.JoinCount > 0)
                Check(task);
        }
    }

    void Check(WorkflowTask join)
    {
        var path = $"tasks.{join.Name}.join";
        var count = join.Sources.Count;
        if (join.JoinCount > count)
        {
            mistakes.Report(path, $"waits for {join.JoinCount} tasks, and only {count} lead{(count == 1 ? "s" : "")} here: {Names(join.Sources)}.");
            return;
        }

        var behind = join.Sources.Where(source => graph.IsBehind(source, join.Index)).ToList();
        if (count - behind.Count < join.JoinCount)
        {
            mistakes.Report(path, $"can never start: it waits for {join.JoinCount} of the tasks that lead here, and {Names(behind)} can run only after it.");
        }
        else if (join.JoinCount == count && FindAlternatives(join) is var (one, other, fork))
        {
            mistakes.Report(
                path,
                $"can never start: it waits for '{workflow.Tasks[one].Name}' and '{workflow.Tasks[other].Name}', and '{workflow.Tasks[fork].Name}' takes only one of the ways to them.");
        }
    }

    /// <summary>Two sources that one run of a task, and it runs only once, never leads to both.</summary>
    (int One, int Other, int Fork)? FindAlternatives(WorkflowTask join)
    {
        var taken = new Dictionary<int, Dictionary<int, int>>();
        foreach (var source in join.Sources)
        {
            for (var (from, to) = (source, join.Index); from != graph.Start && from >= 0; (from, to) = (graph.Dominators[from], from))
            {
                if (++steps > StepsMax)
                    return null;
                var transition = transitions.GetValueOrDefault((from, to), Several);
                if (transition == Several || (to != join.Index && !IsOnlyWay(from, to)))
                    continue;

                if (!taken.TryGetValue(from, out var others))
                    taken[from] = others = [];

                // Further up everything is as it was for the source that came this way before.
                if (!others.TryAdd(transition, source))
                    break;
                if (!runsOnce[from])
                    continue;
                foreach (var (other, by) in others)
                {
                    steps++;
                    if (Outcomes.AreExclusive(workflow.Tasks[from], other, transition))
                        return (by, source, from);
                }
            }
        }

        return null;
    }

    // Whether the first run of a task needs this very source.
    bool IsOnlyWay(int from, int to)
    {
        var sources = workflow.Tasks[to].Sources;
        steps += sources.Count;
        return sources.All(source => source == from || !graph.IsReachable(source) || graph.IsBehind(source, to));
    }

    void Lead(int from, int to, int transition)
    {
        if (!transitions.TryAdd((from, to), transition))
            transitions[(from, to)] = Several;
    }

    bool RunsOnce(WorkflowTask task)
    {
        if (graph.Targets(task.Index).Contains(task.Index)
            || task.Next.Any(transition => transition.Do.Any(target => target.Word is WorkflowCommandWord.Retry)))
        {
            return false;
        }

        // At a join a run of a task arrives once, however many of its transitions lead there.
        return task.Sources.All(source => runsOnce[source])
            && (task.JoinCount > 0 || task.Sources.Count == 0 || (task.Sources is [var only] && transitions[(only, task.Index)] != Several));
    }

    string Names(IReadOnlyList<int> tasks)
        => string.Join(", ", tasks.Take(NamesMax).Select(task => $"'{workflow.Tasks[task].Name}'")) + (tasks.Count > NamesMax ? ", …" : "");
}
