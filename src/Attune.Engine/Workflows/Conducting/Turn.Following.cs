using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>What follows the end of a run.</summary>
sealed partial class Turn
{
    const long VariablesMax = 1 << 20;

    // Of the `retry` command where the task has no `retry`.
    const int AgainMax = 3;

    /// <summary>A run that has ended, while its transitions are read.</summary>
    sealed class Departure(Run run, EndedRun ended)
    {
        public Run Run => run;

        public EndedRun Ended { get; set; } = ended;

        /// <summary>The node of its branch, after what was published.</summary>
        public int Context { get; set; } = run.Context;

        public bool HasFired { get; set; }

        public bool Fails { get; set; }

        public bool GoesAgain { get; set; }

        /// <summary>Tasks, and the nodes of their branches, which they use.</summary>
        public List<(int Task, int Context)> Targets { get; } = [];
    }

    void End(Run run, RunOutcome outcome, TaskError? error, long handle)
    {
        var ended = new EndedRun(run.Number, outcome, error, handle, run.HasEditedResult, run.Items);
        board.Runs.Remove(run.Number);
        Record(run.Task, ended);
        var departure = new Departure(run, ended);
        if (board.Status is WorkflowStatus.Running)
            Follow(departure, workflow.Tasks[run.Task]);
        else
            board.Contexts.Conclude(departure.Context);

        var record = board.Tasks[run.Task];
        board.Tasks[run.Task] = record with { Left = Remember(record.Left, departure.Context) };
        board.Contexts.Leave(departure.Context);
    }

    void Record(int task, EndedRun ended) => board.Tasks[task] = board.Tasks[task] with { Last = ended };

    void Follow(Departure departure, WorkflowTask task)
    {
        var targets = task.Next.SelectMany(transition => transition.Do).Where(target => target.Word is WorkflowCommandWord.None)
            .Select(target => target.Task)
            .Concat(departure.Ended.Outcome is RunOutcome.Completed ? [] : task.OnError.Tasks);
        names.Demand(
            board, task.Next.SelectMany(Names.ReadBy).Concat(targets.SelectMany(target => ReadWhenReached(workflow.Tasks[target]))),
            new(departure.Context, departure.Ended));
        var error = FireAll(departure, task);
        var isUnhandled = error is null && !departure.HasFired && departure.Ended.Outcome is not RunOutcome.Completed;
        if (isUnhandled && task.OnError.Word is WorkflowCommandWord.Continue)
        {
            Succeed(departure);
            error = FireAll(departure, task);
        }
        else if (isUnhandled && task.OnError.Tasks.Count > 0)
        {
            foreach (var target in task.OnError.Tasks)
                Aim(departure, target);
        }
        else if (isUnhandled)
        {
            error = ErrorOf(task, departure);
        }

        if (error is null && departure.Fails)
            error = departure.Ended.Error is null ? new("FAIL_COMMAND", $"A transition of task '{task.Name}' says `fail`.") : ErrorOf(task, departure);
        if (error is null)
            Depart(departure);
        else
            Fail(departure, error);
    }

    // The workflow fails by the task's own reason, so that whoever called it can tell.
    static TaskError ErrorOf(WorkflowTask task, Departure departure)
        => departure.Ended.Error! with { Message = $"Task '{task.Name}' failed: {departure.Ended.Error!.Message}" };

    void Succeed(Departure departure)
    {
        departure.Ended = departure.Ended with { Outcome = RunOutcome.Completed, Error = null };
        Record(departure.Run.Task, departure.Ended);
    }

    TaskError? FireAll(Departure departure, WorkflowTask task)
    {
        for (var index = 0; index < task.Next.Count; index++)
        {
            var (transition, place) = (task.Next[index], $"tasks.{task.Name}.next[{index}]");

            // One more run than allowed: as if the transition were not there.
            if (departure.Run.Again >= (task.Retry?.Count ?? AgainMax) && transition.Do.Any(target => target.Word is WorkflowCommandWord.Retry))
                continue;
            if (!TryHolds(transition, place, departure, out var holds, out var error))
                return error;
            if (!holds)
                continue;

            departure.HasFired = true;
            if (Publish(departure, transition.Publish, $"{place}.publish") is { } problem)
                return problem;
            foreach (var target in transition.Do)
                Obey(departure, target);
            if (departure.Fails)
                return null;
        }

        return null;
    }

    bool TryHolds(Transition transition, string place, Departure departure, out bool holds, out TaskError? error)
    {
        error = null;
        holds = transition.IsElse ? !departure.HasFired : departure.Ended.Outcome is RunOutcome.Completed;
        return transition.IsElse || transition.When is not { } when
            || TryDecide(when, $"{place}.when", new(departure.Context, departure.Ended), out holds, out error);
    }

    void Obey(Departure departure, TransitionTarget target)
    {
        switch (target.Word)
        {
            case WorkflowCommandWord.None:
                Aim(departure, target.Task);
                break;
            case WorkflowCommandWord.Fail:
                departure.Fails = true;
                break;
            case WorkflowCommandWord.Continue:
                Succeed(departure);
                break;
            case WorkflowCommandWord.Retry:
                departure.GoesAgain = true;
                break;
        }
    }

    // A run arrives once at a join, however many of its transitions lead there, and with all that it published before the last of them.
    void Aim(Departure departure, int task)
    {
        var before = workflow.Tasks[task].JoinCount > 0 ? departure.Targets.FindIndex(target => target.Task == task) : -1;
        if (before >= 0)
        {
            board.Contexts.Leave(departure.Targets[before].Context);
            departure.Targets.RemoveAt(before);
        }

        board.Contexts.Use(departure.Context);
        departure.Targets.Add((task, departure.Context));
    }

    TaskError? Publish(Departure departure, IReadOnlyList<Template> publish, string place)
    {
        for (var index = 0; index < publish.Count; index++)
        {
            var where = publish.Count == 1 ? place : $"{place}[{index}]";
            if (!TryRenderMap(publish[index], where, new(departure.Context, departure.Ended), out var published, out var error))
                return error;

            published = Stored.Normal(published);

            // What alone is too large does not come into the state first.
            if (Stored.SizeOf(published) > VariablesMax)
                return TooLarge(where);
            departure.Context = board.Contexts.Write(departure.Context, published);
            if (!board.Contexts.FitsInto(VariablesMax))
                ForgetSeen();
            if (!board.Contexts.FitsInto(VariablesMax))
                return TooLarge(where);
        }

        return null;
    }

    static TaskError TooLarge(string place) => new(
        "VARIABLES_TOO_LARGE",
        $"{place}: the variables would take more than {VariablesMax / 1024} KiB in all; publish less, or keep it elsewhere and publish where.");

    // Only tasks that run again need it; then they see what there is at the end.
    void ForgetSeen()
    {
        foreach (var (task, record) in board.Tasks.ToList())
        {
            foreach (var node in (int[])[record.Seen, record.Left])
            {
                if (node >= 0)
                    board.Contexts.Leave(node);
            }

            board.Tasks[task] = record with { Seen = -1, Left = -1 };
        }
    }

    void Fail(Departure departure, TaskError error)
    {
        foreach (var (_, context) in departure.Targets)
            board.Contexts.Leave(context);
        board.Contexts.Conclude(departure.Context);
        EndAs(WorkflowStatus.Failed, error);
    }

    void Depart(Departure departure)
    {
        if (departure.GoesAgain)
        {
            board.Contexts.Use(departure.Context);
            GoAgain(departure.Run, departure.Context);
        }

        // What was published after the last fork is a branch that ends here.
        if (!departure.GoesAgain && !departure.Targets.Exists(target => target.Context == departure.Context))
            board.Contexts.Conclude(departure.Context);

        foreach (var (task, context) in departure.Targets)
            Reach(task, context, departure.Run.Task);
    }

    void GoAgain(Run run, int context)
    {
        if (NewRun(run.Task, context, isCounted: false) is not { } again)
            return;

        var delay = workflow.Tasks[run.Task].Retry is { } retry ? DelayOf(retry, run.Again + 1) : TimeSpan.Zero;
        Set(again with
        {
            Phase = RunPhase.Ready,
            Again = run.Again + 1,
            Until = delay > TimeSpan.Zero ? now + delay : null,
        });
    }

    void Reach(int index, int context, int source)
    {
        var task = workflow.Tasks[index];
        if (task.JoinCount == 0)
        {
            NewRun(index, context, isCounted: true);
            return;
        }

        var place = PlaceOf(task.Sources, source);
        var rounds = (board.Joins.GetValueOrDefault(index) ?? JoinRounds.New(task.Sources.Count))
            .WithArrival(place, new(source, context, ++board.LastArrival), out var isLate);
        if (isLate)
            board.Contexts.End(context);
        var isComplete = rounds.TryFire(task.JoinCount, out rounds, out var arrived);
        board.Joins[index] = rounds;
        if (isComplete)
            NewRun(index, board.Contexts.Merge([.. arrived.Select(arrival => arrival.Context)]), isCounted: true);
    }

    static int PlaceOf(IReadOnlyList<int> sources, int source)
    {
        var (low, high) = (0, sources.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = sources[middle] < source ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
