namespace Attune.Engine.Workflows.Checks;

/// <summary>What leads where, by the places of tasks; <see cref="Start"/> leads to where the workflow starts. Everything in about linear time.</summary>
sealed class TaskGraph
{
    readonly int[][] targets;
    readonly int[][] sources;
    readonly int[] order;
    readonly int[] parent;

    // When a walk over the tree of dominators comes to a task, and when it has seen all below it.
    readonly int[] entered;
    readonly int[] left;

    public TaskGraph(Workflow workflow)
    {
        Start = workflow.Tasks.Count;
        targets = [.. workflow.Tasks.Select(TargetsOf), [.. workflow.Roots]];
        sources = [.. workflow.Tasks.Select(task => task.Sources.ToArray()), []];
        foreach (var root in workflow.Roots)
            sources[root] = [.. sources[root], Start];
        (order, parent) = DepthFirst();
        Dominators = FindDominators();
        Components = FindComponents();
        (entered, left) = WalkDominators();
    }

    /// <summary>Stands before all tasks.</summary>
    public int Start { get; }

    /// <summary>Of each task the last one that every way to it passes; -1 where no way leads to it, and of <see cref="Start"/>.</summary>
    public IReadOnlyList<int> Dominators { get; }

    /// <summary>Tasks that can all be reached from each other; a component of one is no cycle, unless the task leads to itself.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Components { get; }

    public bool IsReachable(int task) => task == Start || Dominators[task] >= 0;

    /// <summary>Whether every way to a task passes the gate; also of the gate itself.</summary>
    public bool IsBehind(int task, int gate) => IsReachable(task) && entered[gate] <= entered[task] && left[task] <= left[gate];

    public IReadOnlyList<int> Targets(int task) => targets[task];

    static int[] TargetsOf(WorkflowTask task) =>
    [
        .. task.Next.SelectMany(transition => transition.Do).Select(target => target.Task).Where(target => target >= 0)
            .Concat(task.OnError.Tasks)
            .Distinct(),
    ];

    // Tasks in the order of a depth-first walk from the start, and from where each was found (as places in that order).
    (int[] Order, int[] Parent) DepthFirst()
    {
        var found = new List<int>();
        var parents = new List<int>();
        var number = Filled(targets.Length);
        var stack = new Stack<(int Task, int From)>([(Start, -1)]);
        while (stack.TryPop(out var next))
        {
            if (number[next.Task] >= 0)
                continue;

            number[next.Task] = found.Count;
            found.Add(next.Task);
            parents.Add(next.From);
            foreach (var target in targets[next.Task].Reverse())
                stack.Push((target, number[next.Task]));
        }

        return ([.. found], [.. parents]);
    }

    // Semidominators with path compression, then the nearest common ancestor ("Semi-NCA").
    int[] FindDominators()
    {
        var number = Filled(targets.Length);
        for (var place = 0; place < order.Length; place++)
            number[order[place]] = place;

        var (semi, label, ancestor) = (new int[order.Length], new int[order.Length], (int[])parent.Clone());
        for (var place = 0; place < order.Length; place++)
            (semi[place], label[place]) = (place, place);

        var path = new Stack<int>();
        for (var place = order.Length - 1; place > 0; place--)
        {
            semi[place] = parent[place];
            foreach (var source in sources[order[place]])
            {
                if (number[source] < 0)
                    continue;
                semi[place] = Math.Min(semi[place], semi[Best(number[source], place)]);
            }

            label[place] = place;
        }

        var nearest = (int[])parent.Clone();
        for (var place = 1; place < order.Length; place++)
        {
            while (nearest[place] > semi[place])
                nearest[place] = nearest[nearest[place]];
        }

        var dominators = Filled(targets.Length);
        for (var place = 1; place < order.Length; place++)
            dominators[order[place]] = order[nearest[place]];
        return dominators;

        // The place with the least semidominator on the way up from here, among those that are done (behind `limit`).
        int Best(int from, int limit)
        {
            if (from <= limit)
                return from;

            var at = from;
            while (ancestor[at] > limit)
            {
                path.Push(at);
                at = ancestor[at];
            }

            while (path.TryPop(out var below))
            {
                var above = ancestor[below];
                if (semi[label[above]] < semi[label[below]])
                    label[below] = label[above];
                ancestor[below] = ancestor[above];
            }

            return label[from];
        }
    }

    (int[] Entered, int[] Left) WalkDominators()
    {
        var below = targets.Select(_ => new List<int>()).ToArray();
        for (var task = 0; task < Start; task++)
        {
            if (Dominators[task] >= 0)
                below[Dominators[task]].Add(task);
        }

        var (start, end, clock) = (Filled(targets.Length), Filled(targets.Length), 0);
        var walk = new Stack<(int Task, bool IsDone)>([(Start, false)]);
        while (walk.TryPop(out var at))
        {
            if (at.IsDone)
            {
                end[at.Task] = clock++;
                continue;
            }

            start[at.Task] = clock++;
            walk.Push((at.Task, true));
            foreach (var task in below[at.Task])
                walk.Push((task, false));
        }

        return (start, end);
    }

    // Tarjan's, without recursion: a chain of ten thousand tasks is no reason to run out of stack.
    List<IReadOnlyList<int>> FindComponents()
    {
        var components = new List<IReadOnlyList<int>>();
        var (number, low, onStack) = (Filled(targets.Length), new int[targets.Length], new bool[targets.Length]);
        var open = new Stack<int>();
        var walk = new Stack<(int Task, int Next)>();
        var count = 0;
        for (var root = 0; root < Start; root++)
        {
            if (number[root] >= 0)
                continue;

            walk.Push((root, 0));
            while (walk.TryPop(out var at))
            {
                var (task, next) = at;
                if (next == 0)
                {
                    number[task] = low[task] = count++;
                    open.Push(task);
                    onStack[task] = true;
                }
                else if (onStack[targets[task][next - 1]])
                {
                    low[task] = Math.Min(low[task], low[targets[task][next - 1]]);
                }

                while (next < targets[task].Length && number[targets[task][next]] >= 0)
                {
                    if (onStack[targets[task][next]])
                        low[task] = Math.Min(low[task], number[targets[task][next]]);
                    next++;
                }

                if (next < targets[task].Length)
                {
                    walk.Push((task, next + 1));
                    walk.Push((targets[task][next], 0));
                }
                else if (low[task] == number[task])
                {
                    components.Add(Closed(open, onStack, task));
                }
            }
        }

        return components;
    }

    static List<int> Closed(Stack<int> open, bool[] onStack, int root)
    {
        var members = new List<int>();
        int member;
        do
        {
            member = open.Pop();
            onStack[member] = false;
            members.Add(member);
        }
        while (member != root);
        members.Sort();
        return members;
    }

    static int[] Filled(int length)
    {
        var numbers = new int[length];
        Array.Fill(numbers, -1);
        return numbers;
    }
}
