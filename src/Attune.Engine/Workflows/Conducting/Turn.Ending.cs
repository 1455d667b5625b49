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

        board.Contexts = new(variables);
        if (board.Contexts.Size > VariablesMax)
        {
            EndAs(WorkflowStatus.Failed, new("VARIABLES_TOO_LARGE", $"vars: they take more than {VariablesMax / 1024} KiB in all."));
            return;
        }

        foreach (var root in workflow.Roots)
        {
            board.Contexts.Use(Contexts.Root);
            NewRun(root, Contexts.Root, isCounted: true);
        }
    }

    void Cancel(string reason)
    {
        if (!board.IsFinished)
            EndAs(WorkflowStatus.Cancelled, new("CANCELLED", reason is "" ? "It was cancelled." : $"It was cancelled: {reason}"));
    }

    /// <summary>It is certain how the workflow ends: nothing begins any more.</summary>
    /// <param name="stops">What runs is stopped whatever the workflow's policy is.</param>
    void EndAs(WorkflowStatus outcome, TaskError error, bool stops = false)
    {
        if (board.Status is not (WorkflowStatus.Requested or WorkflowStatus.Running))
            return;

        (board.Status, board.EndsAs, board.Error) = (WorkflowStatus.Ending, outcome, error);
        (board.Deadline, board.RestartAt) = (null, null);
        beginning.Clear();

        var wasPaused = board.IsPaused;
        (board.PausedAt, board.PauseReason) = (null, null);
        var held = board.Held.Values.ToList();
        board.Held.Clear();
        foreach (var ended in held)
            TakeEnd(ended);

        foreach (var run in board.RunsInOrder.ToList())
            Stop(run, stops || workflow.Cancellation is CancellationPolicy.CancelRunning, wasPaused);
    }

    void Stop(Run run, bool stops, bool wasPaused)
    {
        if (run.Items is { } items)
            run = Set(run with { Until = null, Items = Abandoned(items with { IsStopped = true }) });
        if (!run.IsLive)
        {
            if (run.Items is { } over)
            {
                EndItems(run, workflow.Tasks[run.Task], over);
                return;
            }

            board.Runs.Remove(run.Number);
            board.Contexts.End(run.Context);
        }
        else if (stops || workflow.Tasks[run.Task].Inquiry is not null)
        {
            commands.Add(new CancelRun(run.Number));
        }
        else if (board.EndsAs is WorkflowStatus.Cancelled)
        {
            commands.Add(new CancelWorkflows(run.Number));
        }
        else if (wasPaused)
        {
            // A workflow below would wait for ever.
            commands.Add(new ResumeRun(run.Number));
        }
    }

    // Nothing is left. True where it goes on all the same.
    bool Finish()
    {
        foreach (var arrival in board.ArrivalsInOrder.ToList())
            board.Contexts.Conclude(arrival.Context);
        foreach (var (task, rounds) in board.Joins.ToList())
            board.Joins[task] = rounds.AtEnd();

        var output = Value.Of(ValueMap.Empty);
        if (board.Status is WorkflowStatus.Running && !TryOutput(out output, out var error))
            (board.EndsAs, board.Error) = (WorkflowStatus.Failed, error);

        var outcome = board.EndsAs ?? WorkflowStatus.Completed;
        (board.Status, board.EndsAs, board.Deadline) = (outcome, null, null);
        if (MayStartOver(outcome))
            return true;

        if (outcome is not WorkflowStatus.Completed)
            output = PartialOutput();
        commands.Add(new FinishWorkflow(OutcomeOf(outcome), output, board.Error));
        return false;
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
