using System.Globalization;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>How each task stands, in words for people.</summary>
sealed class Standings(Workflow workflow, Board board)
{
    public IReadOnlyList<TaskStanding> All()
    {
        var runs = board.RunsInOrder.ToLookup(run => run.Task);
        var states = States();
        return [.. workflow.Tasks.Select(task => Of(task, states[task.Index], [.. runs[task.Index]]))];
    }

    /// <summary>Only the state of each: for every step there is.</summary>
    public TaskState[] States()
    {
        var states = new TaskState[workflow.Tasks.Count];
        if (board.IsFinished)
            Array.Fill(states, TaskState.Skipped);
        foreach (var (task, record) in board.Tasks)
        {
            if (record.Last is { } last)
                states[task] = StateOf(last.Outcome);
        }

        foreach (var (task, rounds) in board.Joins)
        {
            if (board.Status is WorkflowStatus.Running && !rounds.Waiting.IsEmpty)
                states[task] = TaskState.Waiting;
        }

        foreach (var run in board.Runs.Values)
        {
            if (!board.IsFinished && !board.IsExecuting(run))
                states[run.Task] = TaskState.Waiting;
        }

        foreach (var run in board.Runs.Values)
        {
            if (board.IsExecuting(run))
                states[run.Task] = TaskState.Running;
        }

        return states;
    }

    TaskStanding Of(WorkflowTask task, TaskState state, IReadOnlyList<Run> runs)
    {
        var record = board.Tasks.GetValueOrDefault(task.Index);
        var last = record?.Last;
        var withItems = runs.LastOrDefault(run => run.Items is not null);
        int[] executing = withItems?.Items is { } open
            ? [.. open.Open.Where(each => board.IsExecuting(withItems, each)).Select(each => each.Item)]
            : [];
        var items = withItems?.Items ?? last?.Items;
        return new(
            task.Name, state, record?.RunCount ?? 0, last?.Handle ?? 0, last?.Error, state is TaskState.Waiting ? Waiting(task, runs) : null,
            items is null ? null : new(items.Total, items.Completed, items.Failed, executing.Length),
            [.. runs.Select(run => run.Number)])
        {
            Executing = [.. runs.Where(board.IsExecuting).Select(run => run.Number)],
            ExecutingItems = executing,
        };
    }

    RunEnded? HeldOf(Run run)
        => run.Items is null && board.Held.TryGetValue(new(run.Number, -1, run.Try), out var held) ? held : null;

    string Waiting(WorkflowTask task, IReadOnlyList<Run> runs)
    {
        if (runs.Count > 0)
            return Waiting(task, runs[0]);

        var first = board.Joins[task.Index].Waiting[0];
        var arrived = first.Select(arrival => arrival.Source).ToHashSet();
        var missing = task.Sources.Where(source => !arrived.Contains(source)).Select(source => workflow.Tasks[source].Name).ToList();
        var open = task.JoinCount - first.Length;
        var branches = open == 1 && task.JoinCount == 1 ? "branch" : "branches";
        const int NamesMax = 5;
        var more = missing.Count > NamesMax ? $" and {missing.Count - NamesMax} more" : "";
        return $"Waits for {open} of {task.JoinCount} {branches}: {string.Join(", ", missing.Take(NamesMax))}{more}.";
    }

    string Waiting(WorkflowTask task, Run run)
    {
        if (HeldOf(run) is { } held)
        {
            var why = held.Error is { } error ? $" ({error.Message})" : "";
            return $"It ended as {Names.StatusOf(held.Outcome)}{why}; what follows waits for the workflow to be resumed.";
        }

        if (run is { IsLive: true, Items: not null })
            return "What ran of its items has ended; what follows waits for the workflow to be resumed.";
        if (board.IsPaused)
            return "Waits for the workflow to be resumed.";
        var until = run.Until ?? run.Items?.Open.Min(open => open.Until);
        if (until is null)
            return "Starts.";

        var time = until.Value.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        return run is { Try: > 0 } ? $"Try {run.Try + 1} of {1 + (task.Retry?.Count ?? 0)} starts at {time} UTC."
            : run.Items is not null ? $"Items are tried again at {time} UTC."
            : $"Starts at {time} UTC.";
    }

    static TaskState StateOf(RunOutcome outcome) => outcome switch
    {
        RunOutcome.Completed => TaskState.Completed,
        RunOutcome.Timeout => TaskState.Timeout,
        RunOutcome.Cancelled => TaskState.Cancelled,
        _ => TaskState.Failed,
    };
}
