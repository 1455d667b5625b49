using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>
/// One advance, on a board of its own. What begins at once stands in a queue rather than on the stack: a cycle of tasks that end without an
/// execution may be long.
/// </summary>
sealed partial class Turn(Workflow workflow, Board board, Names names)
{
    public const int RunsMax = 100_000;

    // Of runs and items that end in the same moment in which they begin, as those do whose input cannot be rendered: for one happening. The
    // rest waits for the next, so that no step is endless.
    const int EndedAtOnceMax = 1000;

    // Of one execution, in bytes of JSON: several of them still fit into a message to an agent.
    const long InputMax = 1 << 20;

    // Of all executions that one step starts, about: the host has them all at hand at once. The rest waits for the next step.
    const long StartedMax = 16 << 20;

    // Of errors, in characters: an action may say a lot, and it is in the state.
    const int MessageMax = 2000;

    readonly List<Command> commands = [];
    readonly OrderedDictionary<ValueKey, bool> missing = [];
    readonly Queue<int> beginning = new();
    DateTimeOffset now;
    int endedAtOnce;
    long started;

    public IReadOnlyList<Command> Commands => commands;

    /// <summary>Not empty: all that was decided is void, and the step has to be taken again with these values.</summary>
    public IReadOnlyList<ValueKey> Missing => missing.Keys;

    // More may begin in this step.
    bool HasRoom => endedAtOnce < EndedAtOnceMax && started < StartedMax;

    public void Take(Happening happening)
    {
        (now, endedAtOnce) = (happening.At.ToUniversalTime(), 0);
        Attempt(() => Decide(happening));
        do
        {
            while (beginning.TryDequeue(out var number))
            {
                if (board.Runs.TryGetValue(number, out var run))
                    Attempt(() => Begin(run));
            }
        }
        while (missing.Count == 0 && IsOver && Attempt(Finish));
    }

    // Goes on where a value is missing, to learn what else will be: so that whoever fetches them does so once, not once for each.
    bool Attempt(Action decide)
    {
        try
        {
            decide();
            return true;
        }
        catch (ValuesMissingException exception)
        {
            foreach (var key in exception.Keys)
                missing.TryAdd(key, true);
            return false;
        }
    }

    void Decide(Happening happening)
    {
        switch (happening)
        {
            case WorkflowStarted started:
                Start(started);
                break;
            case RunEnded ended when Awaits(ended.Key):
                if (board.IsPaused)
                    board.Held[ended.Key] = ended;
                else
                    TakeEnd(ended);
                break;
            case TimeCame:
                Wake();
                break;
            case CancelRequested cancel:
                Cancel(cancel);
                break;
            case PauseRequested pause:
                Pause(pause);
                break;
            case ResumeRequested resume:
                Resume(resume);
                break;
            case RerunRequested rerun:
                Rerun(rerun.Tasks);
                break;
            case EditRequested edit:
                Edit(edit);
                break;
        }
    }

    bool IsOver => board.Runs.Count == 0 && !board.IsPaused && board.RestartAt is null
        && board.Status is WorkflowStatus.Running or WorkflowStatus.Ending;

    bool Awaits(RunKey key) => board.Runs.TryGetValue(key.Run, out var run) && run.Awaits(key) && !board.Held.ContainsKey(key);

    void TakeEnd(RunEnded ended)
    {
        var run = board.Runs[ended.Key.Run];
        var error = ended.Outcome is RunOutcome.Completed ? null : ended.Error ?? UsualError(ended.Outcome);
        if (error?.Message.Length > MessageMax)
            error = error with { Message = ValueJson.Cut(error.Message, MessageMax) + "…" };
        if (run.Items is not null)
            EndItem(run, ended.Key.Item, new(run.Number, ended.Outcome, error, ended.Handle, false, null));
        else
            EndTry(run, ended.Outcome, error, ended.Handle);
    }

    void Wake()
    {
        if (board.WakeAt is not { } due || due > now)
            return;
        if (board.Deadline <= now)
        {
            // A timeout that lets things run on would bound nothing. What is ending anyway ends as it was going to.
            EndAs(WorkflowStatus.Timeout, new("TIMEOUT", $"The workflow took longer than {Seconds(board.Timeout!.Value)}."), stops: true);
            return;
        }

        if (board.RestartAt <= now)
        {
            board.RestartAt = null;
            Launch();
            return;
        }

        WakeRuns();
    }

    // Whoever has waited longest comes first.
    void WakeRuns()
    {
        var due = new List<(DateTimeOffset Until, int Run, int Item)>();
        foreach (var run in board.Runs.Values)
        {
            if (run.Until <= now)
                due.Add((run.Until.Value, run.Number, -1));
            if (run.Items is not { } items)
                continue;
            foreach (var open in items.Open)
            {
                if (open.Until <= now)
                    due.Add((open.Until.Value, run.Number, open.Item));
            }
        }

        due.Sort();
        foreach (var (_, number, item) in due)
        {
            if (!board.Runs.TryGetValue(number, out var run))
                continue;
            if (item >= 0)
                Attempt(() => BeginItemAgain(run, item));
            else if (run.Items is null)
                beginning.Enqueue(number);
            else
                Attempt(() => Fill(Set(run with { Until = null })));
        }
    }

    Run Set(Run run)
    {
        board.Runs[run.Number] = run;
        return run;
    }

    // Its context is used by the caller, and by the run from now on.
    Run? NewRun(int task, int context, bool isCounted)
    {
        if (board.Status is not WorkflowStatus.Running || board.LastRun >= RunsMax)
        {
            board.Contexts.End(context);
            EndAs(WorkflowStatus.Failed, new("RUNS_EXCEEDED", $"The workflow made {RunsMax} runs of tasks: no more are allowed."));
            return null;
        }

        var record = board.Tasks.GetValueOrDefault(task) ?? TaskRecord.New;
        board.Tasks[task] = record with { RunCount = record.RunCount + (isCounted ? 1 : 0), Seen = Remember(record.Seen, context) };
        var run = Set(new() { Number = ++board.LastRun, Task = task, Context = context });
        beginning.Enqueue(run.Number);
        return run;
    }

    int Remember(int before, int node)
    {
        board.Contexts.Use(node);
        if (before >= 0)
            board.Contexts.Leave(before);
        return node;
    }

    static TaskError UsualError(RunOutcome outcome) => outcome switch
    {
        RunOutcome.Timeout => new("TIMEOUT", "It took too long."),
        RunOutcome.Cancelled => new("CANCELLED", "It was cancelled."),
        RunOutcome.Abandoned => new("ABANDONED", "It was lost with its agent."),
        _ => new("FAILED", "It failed."),
    };
}
