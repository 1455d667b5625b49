using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>
/// Values that a step will most likely want, found before it is taken: whoever fetches them does so once for many happenings. What is not
/// foreseen is asked for when it is missed.
/// </summary>
static class Foresight
{
    public static IReadOnlyList<ValueKey> Find(Workflow workflow, Board board, IReadOnlyList<Happening> happenings, Names names)
    {
        var keys = new HashSet<ValueKey>();
        var tasks = new Dictionary<int, TaskRecord>(board.Tasks);
        var isTaken = !board.IsPaused;
        foreach (var happening in happenings)
        {
            if (happening is RunEnded ended && isTaken)
            {
                Add(ended);
            }
            else if (happening is ResumeRequested && !isTaken)
            {
                isTaken = true;
                foreach (var held in board.Held.Values)
                    Add(held);
            }
        }

        return [.. keys.Where(key => !names.Has(key))];

        void Add(RunEnded ended)
        {
            if (!board.Runs.TryGetValue(ended.Key.Run, out var run) || !run.Awaits(ended.Key))
                return;

            var task = workflow.Tasks[run.Task];
            var over = new EndedRun(run.Number, ended.Outcome, ended.Error, ended.Handle, false, null);
            if (ended.Outcome is not RunOutcome.Completed && task.Retry?.When is { } when)
                Want(when.Reads, new(run.Context, over, run.Number, ended.Key.Item));
            if (run.Items is { } items)
            {
                if (items.Next < items.Total)
                    Want(Turn.ReadAtStart(task), new(run.Context, null, run.Number, items.Next));
                return;
            }

            tasks[run.Task] = TaskRecord.New with { Last = over };
            Want(task.Next.SelectMany(Names.ReadBy), new(run.Context, over));
            foreach (var target in task.Next.SelectMany(transition => transition.Do).Where(target => target.Task >= 0))
                Want(Turn.ReadAtStart(workflow.Tasks[target.Task]), new(run.Context));
        }

        void Want(IEnumerable<VariableUse> reads, View view)
        {
            foreach (var use in reads)
                keys.UnionWith(names.KeysOf(tasks, use, view));
        }
    }
}
