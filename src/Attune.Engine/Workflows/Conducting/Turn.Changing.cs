using Attune.Engine.Expressions;
using Attune.Engine.Retries;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>What people change in a run: tasks that run again, with what they were given or another input, and results that are set.</summary>
sealed partial class Turn
{
    void Rerun(IReadOnlyList<string> tasks)
    {
        var chosen = tasks.Select(workflow.Find).OfType<WorkflowTask>().Select(task => task.Index).Distinct().ToList();
        if (!board.IsFinished || chosen.Count == 0)
            return;

        chosen = Foremost(chosen);
        Reopen();
        Rejoin(chosen);
        foreach (var index in chosen)
        {
            if (NewRun(index, SeenBy(index), isCounted: true) is { } run)
                Set(run with { Phase = RunPhase.Ready });
        }
    }

    // Those that lie below another one run when they are reached. Of those that lie below each other the first is the foremost.
    List<int> Foremost(List<int> chosen)
    {
        var below = chosen.ConvertAll(task => Below(Following(task)));
        return [.. chosen.Where((task, place) => !below.Where((reached, other) => other != place && reached.Contains(task)
            && (other < place || !below[place].Contains(chosen[other]))).Any())];
    }

    void Edit(EditRequested edit)
    {
        if (workflow.Find(edit.Task) is not { } task || !(board.IsFinished || board.IsPaused))
            return;

        // Between two attempts at the whole there is nothing of the one, and not yet anything of the other.
        if (board.RestartAt is not null)
            return;
        if (edit.Item >= 0)
            EditItem(edit, task);
        else
            EditTask(edit, task);
    }

    void EditTask(EditRequested edit, WorkflowTask task)
    {
        var before = board.RunsInOrder.Where(run => run.Task == task.Index).ToList();
        if (before.Any(board.IsExecuting))
            return;

        if (board.IsFinished)
            Reopen();

        int context;
        if (before is [.., var last])
        {
            // It takes the place of a run that waits, or that ended while the workflow was paused.
            Forget(last);
            context = last.Context;
            board.Runs.Remove(last.Number);
        }
        else
        {
            Rejoin([task.Index]);
            context = SeenBy(task.Index);
        }

        if (NewRun(task.Index, context, isCounted: before.Count == 0 && edit.Input is not null) is not { } run)
            return;
        Set(run with { Phase = RunPhase.Ready, HasEditedInput = edit.Input is not null, HasEditedResult = edit.Result is not null });
        KeepEdited(edit, run.Number);
    }

    void KeepEdited(EditRequested edit, int number)
    {
        var key = new ValueKey(edit.Input is not null ? KeptKind.EditedInput : KeptKind.EditedResult, number, 0, edit.Item);
        var value = edit.Input ?? edit.Result ?? Value.Null;
        Keep(key, value);
    }

    void Keep(ValueKey key, Value value)
    {
        // As it will be when it is read again: whoever asks in this step sees the same as whoever asks later.
        var normal = Stored.Normal(value);
        names.Keep(key, normal);
        commands.Add(new KeepValue(key, normal));
    }

    void EditItem(EditRequested edit, WorkflowTask task)
    {
        var before = board.RunsInOrder.LastOrDefault(run => run.Task == task.Index && run.Items is not null);
        if ((before?.Items ?? board.Tasks.GetValueOrDefault(task.Index)?.Last?.Items) is not { } items || edit.Item >= items.Total
            || board.LastRun >= RunsMax)
            return;

        var open = items.Find(edit.Item);
        if (before is not null && open is { IsRunning: true } running && !board.Held.Remove(new(before.Number, edit.Item, running.Try)))
            return;

        if (board.IsFinished)
            Reopen();
        if (before is null)
            Rejoin([task.Index]);

        // The change has a number of its own: of the same item there may be several.
        var number = ++board.LastRun;
        KeepEdited(edit, number);
        var run = Set(before ?? new Run
        {
            Number = board.Tasks[task.Index].Last!.Run,
            Task = task.Index,
            Context = SeenBy(task.Index),
            Phase = RunPhase.Running,
        });
        run = Set(run with { Items = Changed(items, task, edit, number) });
        if (!board.IsPaused)
            WakeRuns();
        if (board.Runs.TryGetValue(run.Number, out var still))
            Fill(still);
    }

    ItemsWindow Changed(ItemsWindow items, WorkflowTask task, EditRequested edit, int number)
    {
        var item = edit.Item;
        var isBegun = item < items.Next;
        if (items.Find(item) is not null)
            items = items.Without(item);
        else if (isBegun)
            items = items.HasFailed(item) ? items.Forgiven(item) : items with { Completed = items.Completed - 1 };

        var edited = new EditedItem(item, number);
        if (edit.Input is null)
        {
            items = items with { Results = ItemsWindow.Edited(items.Results, edited), Completed = items.Completed + (isBegun ? 1 : 0) };
        }
        else
        {
            items = items with
            {
                Round = items.Round + 1,
                Inputs = ItemsWindow.Edited(items.Inputs, edited),
                Results = items.Results.RemoveAll(each => each.Item == item),
            };
            var (first, end) = TriesOf(task, items.Round);
            if (isBegun)
                items = items.With(new(item, first, end, board.PausedAt ?? now));
        }

        return items with { IsStopped = items.Failed > 0 && StopsAtFailure(task) };
    }

    void Forget(Run run)
    {
        foreach (var key in board.Held.Keys.Where(key => key.Run == run.Number).ToList())
            board.Held.Remove(key);
    }

    void Reopen()
    {
        (board.Status, board.Error) = (WorkflowStatus.Running, null);
        board.Deadline = now + board.Timeout;

        // Starting over by itself would throw away what the person wanted kept.
        board.Retry = RetryPolicy.Never;
        commands.Add(new ReopenWorkflow());
    }

    // As its last run saw it; used by the caller from now on.
    int SeenBy(int task) => UsedOr(board.Tasks.GetValueOrDefault(task)?.Seen ?? -1);

    int LeftBy(int task) => UsedOr(board.Tasks.GetValueOrDefault(task)?.Left ?? -1);

    int UsedOr(int node)
    {
        if (node < 0)
            return board.Contexts.Gather(board.BranchesInOrder);
        board.Contexts.Use(node);
        return node;
    }

    // Joins below tasks that run again start once more: who does not run again has arrived, who does has not. One that itself runs again
    // waits for nobody, and when a cycle leads back to it, for all that it would wait for.
    void Rejoin(IReadOnlyList<int> tasks)
    {
        var below = Below(tasks);
        var alive = Below(board.Runs.Values.Select(run => run.Task));
        foreach (var (index, rounds) in board.Joins.Where(join => below.Contains(join.Key)).OrderBy(join => join.Key).ToList())
        {
            var task = workflow.Tasks[index];
            var before = Below(tasks, except: tasks.Contains(index) ? -1 : index);
            var gone = task.Sources.Where(source => before.Contains(source) && !alive.Contains(source)).ToHashSet();
            var dropped = rounds.Waiting.SelectMany(round => round).Where(arrival => gone.Contains(arrival.Source)).ToList();
            var renewed = rounds.Without(task.Sources, gone);
            for (var place = 0; place < task.Sources.Count && !tasks.Contains(index); place++)
            {
                var source = task.Sources[place];
                var isFull = renewed.Waiting is [var first, ..] && first.Length >= task.JoinCount - 1;
                if (isFull || before.Contains(source) || alive.Contains(source) || renewed.Counts[place] is 0 || renewed.Counts[place] > renewed.Fired)
                    continue;

                // Its variables have counted already, when it arrived for the first time.
                var left = LeftBy(source);
                renewed = renewed with { Counts = renewed.Counts.SetItem(place, renewed.Fired) };
                renewed = renewed.WithArrival(place, new(source, left, 0), out _);
            }

            board.Joins[index] = renewed;
            foreach (var arrival in dropped)
            {
                if (arrival.Order > 0)
                    board.Contexts.End(arrival.Context);
                else
                    board.Contexts.Leave(arrival.Context);
            }
        }
    }

    /// <param name="tasks">They belong to it.</param>
    /// <param name="except">What only this one leads to does not: in a cycle a join does not wait for what comes after it.</param>
    HashSet<int> Below(IEnumerable<int> tasks, int except = -1)
    {
        var below = new HashSet<int>();
        var open = new Stack<int>(tasks);
        while (open.TryPop(out var index))
        {
            if (!below.Add(index) || index == except)
                continue;
            foreach (var target in Following(index))
                open.Push(target);
        }

        return below;
    }

    IEnumerable<int> Following(int index)
    {
        var task = workflow.Tasks[index];
        return task.Next.SelectMany(transition => transition.Do).Where(target => target.Word is WorkflowCommandWord.None)
            .Select(target => target.Task).Concat(task.OnError.Tasks);
    }
}
