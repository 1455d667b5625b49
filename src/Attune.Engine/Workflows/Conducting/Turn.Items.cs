using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>Runs with items: a window of them is out at a time.</summary>
sealed partial class Turn
{
    void OpenItems(Run run, WorkflowTask task)
    {
        var (place, view) = ($"tasks.{task.Name}", new View(run.Context));
        var definition = task.Items!;
        names.Demand(board, ReadForItems(definition), view);
        if (!TryList(definition, $"{place}.with_items", view, out var items, out var error)
            || !TryCount(definition.Concurrency, $"{place}.concurrency", view, TaskItems.DefaultConcurrency, int.MaxValue, out var concurrency, out error)
            || !TryCount(definition.BatchSize, $"{place}.batch_size", view, 0, int.MaxValue, out var batchSize, out error))
        {
            End(run, RunOutcome.Failed, error, 0);
            return;
        }

        if (items.Count > 0)
            Keep(new(KeptKind.Items, run.Number, 0), Value.Of(items));
        started += Stored.SizeOf(Value.Of(items));
        Fill(Set(run with
        {
            Phase = RunPhase.Running,
            Until = null,
            Items = new() { Total = items.Count, Concurrency = Math.Min(concurrency, TaskItems.ConcurrencyMax), BatchSize = batchSize },
        }));
    }

    static IEnumerable<VariableUse> ReadForItems(TaskItems items)
        => items.Named.Select(named => named.Value).Append(items.Single).Append(items.Concurrency).Append(items.BatchSize).SelectMany(Names.ReadBy);

    bool TryList(TaskItems definition, string place, View view, out ValueList items, out TaskError? error)
    {
        items = ValueList.Empty;
        if (definition.Single is { } single)
        {
            if (!TryList(single, place, view, out items, out error))
                return false;
        }
        else
        {
            var lists = new List<ValueList>();
            foreach (var (name, template) in definition.Named)
            {
                if (!TryList(template, $"{place}.{name}", view, out var list, out error))
                    return false;
                lists.Add(list);
            }

            var count = lists.Max(list => list.Count);
            if (lists.FindIndex(list => list.Count != count) is >= 0 and var shorter)
            {
                error = new(
                    "ITEMS_INVALID",
                    $"{place}.{definition.Named[shorter].Key}: it has {lists[shorter].Count} items, another list has {count}; lists of the same length are needed.");
                return false;
            }

            items = Zipped(definition, lists, count);
        }

        error = items.Count > TaskItems.CountMax
            ? new("ITEMS_TOO_MANY", $"{place}: it gives {items.Count} items; at most {TaskItems.CountMax} are allowed.")
            : null;
        return error is null;
    }

    static ValueList Zipped(TaskItems definition, List<ValueList> lists, int count)
    {
        var items = new Value[Math.Min(count, TaskItems.CountMax + 1)];
        for (var index = 0; index < items.Length; index++)
        {
            var members = new List<KeyValuePair<string, Value>>(lists.Count);
            for (var place = 0; place < lists.Count; place++)
                members.Add(new(definition.Named[place].Key, lists[place][index]));
            items[index] = Value.Of(ValueMap.Of(members));
        }

        return new(items);
    }

    bool TryList(Template template, string place, View view, out ValueList list, out TaskError? error)
    {
        list = ValueList.Empty;
        if (!TryRender(template, place, view, out var value, out error))
            return false;
        if (value.Kind is ValueKind.List)
            list = value.Items;
        else
            error = Unsuitable(place, value, "a list") with { Reason = "ITEMS_INVALID" };
        return error is null;
    }

    // As many as may run begin.
    void Fill(Run run)
    {
        if (board.IsPaused || run.Until is not null)
            return;

        var task = workflow.Tasks[run.Task];
        var items = run.Items!;
        if (board.Status is not WorkflowStatus.Running)
            items = Abandoned(items with { IsStopped = true });
        while (items.MayBegin && HasRoom)
        {
            var item = items.Next;
            items = items with { Next = item + 1 };
            if (ItemsWindow.EditOf(items.Results, item) is not null)
            {
                items = items with { Completed = items.Completed + 1 };
                continue;
            }

            var (first, end) = TriesOf(task, items.Round);
            run = run with { Items = items };
            items = Execute(run, task, item, first) is { } error
                ? Failing(items, task, new(item, RunOutcome.Failed, error))
                : items.With(new(item, first, end, null));
        }

        run = Set(run with { Items = items, Until = items.MayBegin ? now : null });
        if (items.IsOver)
            EndItems(run, task, items);
    }

    ItemsWindow Failing(ItemsWindow items, WorkflowTask task, ItemFailure failure)
    {
        endedAtOnce++;
        return items.WithFailure(failure, StopsAtFailure(task));
    }

    static bool StopsAtFailure(WorkflowTask task) => task.OnError.Word is not WorkflowCommandWord.Continue;

    static (int First, int End) TriesOf(WorkflowTask task, int round)
    {
        var count = 1 + (task.Retry?.Count ?? 0);
        return (round * count, (round + 1) * count);
    }

    void EndItem(Run run, int item, EndedRun ended)
    {
        var task = workflow.Tasks[run.Task];
        var open = run.Items!.Find(item)!.Value;
        var view = new View(run.Context, ended, run.Number, item, run.Items.BatchOf(item));
        var (items, error) = (run.Items.Without(item), ended.Error);
        var retries = task.Retry?.Count ?? 0;
        if (ended.Outcome is RunOutcome.Completed)
        {
            items = items with { Completed = items.Completed + 1 };
        }
        else if (!items.IsStopped && MayTryAgain(task, view, open.Try - (open.TriesEnd - 1 - retries), retries, out var delay, ref error))
        {
            run = Set(run with { Items = items.With(open with { Try = open.Try + 1, Until = now + delay }) });
            if (delay == TimeSpan.Zero)
                BeginItemAgain(run, item);
            return;
        }
        else
        {
            items = Abandoned(items.WithFailure(new(item, ended.Outcome, error!), StopsAtFailure(task)));
        }

        Fill(Set(run with { Items = items }));
    }

    // Nothing begins any more: items that wait for their next try have failed with the one before.
    static ItemsWindow Abandoned(ItemsWindow items)
    {
        if (!items.IsStopped)
            return items;
        foreach (var open in items.Open.Where(open => !open.IsRunning))
            items = items.Without(open.Item).WithFailure(new(open.Item, RunOutcome.Failed, new("FAILED", "It failed and was not tried again.")), true);
        return items;
    }

    void BeginItemAgain(Run run, int item)
    {
        if (board.Status is not WorkflowStatus.Running || run.Items?.Find(item) is not { IsRunning: false } open)
            return;

        if (!HasRoom)
        {
            Set(run with { Items = run.Items.With(open with { Until = now }) });
            return;
        }

        var task = workflow.Tasks[run.Task];
        var items = Execute(run, task, item, open.Try) is { } error
            ? Abandoned(Failing(run.Items.Without(item), task, new(item, RunOutcome.Failed, error)))
            : run.Items.With(open with { Until = null });
        Fill(Set(run with { Items = items }));
    }

    void EndItems(Run run, WorkflowTask task, ItemsWindow items)
    {
        var failure = StopsAtFailure(task) ? items.FirstFailure : null;
        if (items.Next == items.Total && failure is null)
            End(run, RunOutcome.Completed, null, 0);
        else
            End(run, failure?.Outcome ?? RunOutcome.Cancelled, ErrorOf(items, failure), 0);
    }

    static TaskError ErrorOf(ItemsWindow items, ItemFailure? first) => first is null
        ? new("CANCELLED", $"The workflow ended when {items.Completed} of {items.Total} items had completed.")
        : new(
            first.Error.Reason,
            items.Failed == 1
                ? $"Item {first.Item} failed: {first.Error.Message}"
                : $"{items.Failed} of {items.Total} items failed, first item {first.Item}: {first.Error.Message}");
}
