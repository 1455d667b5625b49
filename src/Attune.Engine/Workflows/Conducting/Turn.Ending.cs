using Attune.Engine.Expressions;
using Attune.Engine.Retries;

namespace Attune.Engine.Workflows.Conducting;

/// <summary>The beginning and the end of the workflow.</summary>
sealed partial class Turn
{
    void Start(WorkflowStarted started)
    {
        if (board.Status is not WorkflowStatus.Requested)
            return;

        board.Timeout = workflow.Timeout is null || started.Timeout < workflow.Timeout ? started.Timeout : workflow.Timeout;
        board.Retry = started.Retry;
        Launch();
    }

    void Launch()
    {
        board.Status = WorkflowStatus.Running;
        board.Deadline = now + board.Timeout;
        if (!TryRenderMap(workflow.Vars, "vars", new(Contexts.Root), out var variables, out var error))
        {
            EndAs(WorkflowStatus.Failed, error);
            return;
        }

        variables = Stored.Normal(variables);
        if (Stored.SizeOf(variables) > VariablesMax)
        {
            EndAs(WorkflowStatus.Failed, TooLarge("vars"));
            return;
        }

        board.Contexts = new(variables);
        foreach (var root in workflow.Roots)
        {
            board.Contexts.Use(Contexts.Root);
            NewRun(root, Contexts.Root, isCounted: true);
        }
    }

    void Cancel(CancelRequested cancel)
    {
        if (board.IsFinished)
            return;

        // It may be failing already; whoever cancels it does not want to see it again.
        board.Retry = RetryPolicy.Never;
        EndAs(
            WorkflowStatus.Cancelled, new("CANCELLED", cancel.Reason is "" ? "It was cancelled." : $"It was cancelled: {cancel.Reason}"),
            cancel.Stops);
    }

    /// <summary>
    /// It is certain how the workflow ends: nothing begins any more. Of one that is ending already it stays certain, and only more of what runs
    /// is ended.
    /// </summary>
    /// <param name="stops">What runs is stopped whatever the workflow's policy is.</param>
    void EndAs(WorkflowStatus outcome, TaskError error, bool stops = false)
    {
        if (board.IsFinished)
            return;

        var isFirst = board.Status is not WorkflowStatus.Ending;
        if (isFirst)
            BeginToEnd(outcome, error);

        var reach = stops || workflow.Cancellation is CancellationPolicy.CancelRunning ? EndingReach.Everything
            : outcome is WorkflowStatus.Cancelled ? EndingReach.Workflows
            : EndingReach.Nothing;
        var goesFurther = reach > board.Reach;
        if (goesFurther)
            board.Reach = reach;
        if (board.Reach is EndingReach.Everything)
            board.Deadline = null;
        foreach (var run in board.RunsInOrder.ToList())
        {
            if (isFirst && workflow.Tasks[run.Task].Inquiry is not null)
                commands.Add(new CancelRun(run.Number));
            else if (goesFurther && workflow.Tasks[run.Task].Inquiry is null)
                commands.Add(reach is EndingReach.Everything ? new CancelRun(run.Number) : new CancelWorkflows(run.Number));
        }
    }

    void BeginToEnd(WorkflowStatus outcome, TaskError error)
    {
        (board.Status, board.EndsAs, board.Error) = (WorkflowStatus.Ending, outcome, error);
        (board.RestartAt, board.Reach) = (null, EndingReach.Nothing);
        beginning.Clear();

        (board.PausedAt, board.PausedBy, board.PauseReason) = (null, Pausers.None, null);
        var held = board.Held.Values.ToList();
        board.Held.Clear();
        foreach (var ended in held)
            TakeEnd(ended);

        foreach (var run in board.RunsInOrder.ToList())
            Drop(run);
    }

    // What waits. Of items the run is over only when those that run have ended.
    void Drop(Run run)
    {
        if (run.Items is { } items)
            run = Set(run with { Until = null, Items = Abandoned(items with { IsStopped = true }) });
        if (run.IsLive)
            return;
        if (run.Items is { } over)
        {
            EndItems(run, workflow.Tasks[run.Task], over);
            return;
        }

        board.Runs.Remove(run.Number);
        board.Contexts.End(run.Context);
    }

    // Nothing is left. It may start over all the same.
    void Finish()
    {
        foreach (var arrival in board.ArrivalsInOrder.ToList())
            board.Contexts.Conclude(arrival.Context);
        foreach (var (task, rounds) in board.Joins.ToList())
            board.Joins[task] = rounds.AtEnd();

        var output = Value.Of(ValueMap.Empty);
        if (board.Status is WorkflowStatus.Running && !TryOutput(out output, out var error))
            (board.EndsAs, board.Error) = (WorkflowStatus.Failed, error);

        var outcome = board.EndsAs ?? WorkflowStatus.Completed;
        (board.Status, board.EndsAs, board.Deadline, board.Reach) = (outcome, null, null, EndingReach.Nothing);
        if (MayStartOver(outcome))
            return;

        if (outcome is not WorkflowStatus.Completed)
            output = PartialOutput();
        commands.Add(new FinishWorkflow(OutcomeOf(outcome), output, board.Error));
    }

    bool MayStartOver(WorkflowStatus outcome)
    {
        var end = outcome is WorkflowStatus.Failed ? AttemptEnd.Failed : outcome is WorkflowStatus.Timeout ? AttemptEnd.Timeout : AttemptEnd.Completed;
        if (board.Retry.DelayAfter(board.Attempt, end) is not { } delay)
            return false;

        board.Attempt++;
        (board.Status, board.Error) = (WorkflowStatus.Running, null);
        board.Tasks.Clear();
        board.Joins.Clear();
        board.Contexts = new(ValueMap.Empty);
        if (delay > TimeSpan.Zero)
            board.RestartAt = now + delay;
        else
            Launch();
        return true;
    }

    bool TryOutput(out Value output, out TaskError? error)
    {
        (output, error) = (Value.Of(ValueMap.Empty), null);
        if (workflow.OutputMap is not { } template)
            return true;
        if (!TryRenderMap(template, "output_map", new(Contexts.Final), out var map, out error))
            return false;
        output = Value.Of(map);
        return true;
    }

    // As much as can be rendered: what did not happen is not there.
    Value PartialOutput()
    {
        if (workflow.OutputMap?.Root is not TemplateMap map)
            return TryOutput(out var whole, out _) ? whole : Value.Of(ValueMap.Empty);

        names.Demand(board, Names.ReadBy(workflow.OutputMap), new(Contexts.Final));
        var members = new List<KeyValuePair<string, Value>>();
        foreach (var (name, part) in map.Members)
        {
            if (TryRender(new Template(part), "output_map", new(Contexts.Final), out var value, out _))
                members.Add(new(name, value));
        }

        return Value.Of(ValueMap.Of(members));
    }

    static RunOutcome OutcomeOf(WorkflowStatus status) => status switch
    {
        WorkflowStatus.Completed => RunOutcome.Completed,
        WorkflowStatus.Timeout => RunOutcome.Timeout,
        WorkflowStatus.Cancelled => RunOutcome.Cancelled,
        _ => RunOutcome.Failed,
    };
}
