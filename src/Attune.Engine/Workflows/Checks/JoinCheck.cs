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
    readonly Dictionary<int, WaysOut> waysOut = [];
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

    public void Check(CancellationToken ct)
    {
        foreach (var task in workflow.Tasks)
        {
            ct.ThrowIfCancellationRequested();
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
        else if (Late(join.Index, behind) is [_, ..] late)
        {
            mistakes.Report(
                path,
                $"ends its cycle after one turn: it starts as soon as {join.JoinCount} {(join.JoinCount == 1 ? "has" : "have")} come from outside, and {Names(late)} always "
                + $"come{(late.Count == 1 ? "s" : "")} after that, too late for the round. Leave out `join`, or join in a task of its own before the cycle.");
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
        var taken = new Dictionary<int, Ways>();
        foreach (var source in join.Sources)
        {
            for (var (from, to) = (source, join.Index); from != graph.Start && from >= 0; (from, to) = (graph.Dominators[from], from))
            {
                if (++steps > StepsMax)
                    return null;
                var transition = transitions.GetValueOrDefault((from, to), Several);
                if (transition == Several || (to != join.Index && !IsOnlyWay(from, to)))
                    continue;

                if (!taken.TryGetValue(from, out var ways))
                    taken[from] = ways = new(WaysOutOf(from));

                // Further up everything is as it was for the source that came this way before.
                if (!ways.Take(transition, source, out var excluded))
                    break;
                if (runsOnce[from] && excluded is { } by)
                    return (by, source, from);
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

    WaysOut WaysOutOf(int task)
    {
        if (waysOut.TryGetValue(task, out var known))
            return known;
        steps += workflow.Tasks[task].Next.Count;
        return waysOut[task] = new(workflow.Tasks[task]);
    }

    void Lead(int from, int to, int transition)
    {
        if (!transitions.TryAdd((from, to), transition))
            transitions[(from, to)] = Several;
    }

    bool RunsOnce(WorkflowTask task)
        => !RunsAgain(task) && !graph.Targets(task.Index).Contains(task.Index) && task.Sources.All(source => runsOnce[source]) && IsStartedOnce(task);

    static bool RunsAgain(WorkflowTask task) => task.Next.Any(transition => transition.IsExhaustible);

    // At a join a run of a task arrives once, however many of its transitions lead there.
    bool IsStartedOnce(WorkflowTask task)
        => task.JoinCount > 0 || task.Sources.Count == 0 || (task.Sources is [var only] && transitions[(only, task.Index)] != Several);

    // Tasks behind the join that run at most once for each time that it starts: their n-th arrival follows its n-th start.
    List<int> Late(int join, List<int> behind)
    {
        var once = new HashSet<int>();
        return behind.FindAll(task => RunsOncePer(join, task, once));
    }

    bool RunsOncePer(int join, int task, HashSet<int> once)
    {
        var seen = new HashSet<int>();
        var open = new Stack<int>([task]);
        while (open.TryPop(out var index))
        {
            if (once.Contains(index) || !seen.Add(index))
                continue;
            var each = workflow.Tasks[index];
            steps += 1 + each.Next.Count;
            if (steps > StepsMax || RunsAgain(each))
                return false;
            if (index == join)
                continue;
            steps += each.Sources.Count;
            if (!graph.IsBehind(index, join) || !IsStartedOnce(each))
                return false;
            foreach (var source in each.Sources)
                open.Push(source);
        }

        once.UnionWith(seen);
        return true;
    }

    string Names(IReadOnlyList<int> tasks)
        => string.Join(", ", tasks.Take(NamesMax).Select(task => $"'{workflow.Tasks[task].Name}'")) + (tasks.Count > NamesMax ? ", …" : "");
}
