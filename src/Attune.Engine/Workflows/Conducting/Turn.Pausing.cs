namespace Attune.Engine.Workflows.Conducting;

/// <summary>While a workflow is paused, what ends is kept as it came. Time stands still for it.</summary>
sealed partial class Turn
{
    void Pause(PauseRequested pause)
    {
        if (board.Status is not WorkflowStatus.Running)
            return;

        // Of two reasons that of the person stays: it holds for longer.
        if (!board.IsPaused || (board.PausedBy is Pausers.Caller && !pause.ByCaller))
            board.PauseReason = pause.Reason;
        board.PausedBy |= pause.ByCaller ? Pausers.Caller : Pausers.Person;
        if (board.IsPaused)
            return;

        board.PausedAt = now;
        foreach (var run in LiveActions())
            commands.Add(new PauseRun(run.Number));
    }

    void Resume(ResumeRequested resume)
    {
        if (board.PausedAt is not { } since)
            return;
        if (resume.ByCaller && board.PausedBy.HasFlag(Pausers.Person))
        {
            board.PausedBy = Pausers.Person;
            return;
        }

        Shift(now > since ? now - since : TimeSpan.Zero);
        (board.PausedAt, board.PausedBy, board.PauseReason) = (null, Pausers.None, null);
        foreach (var run in LiveActions())
            commands.Add(new ResumeRun(run.Number));

        // One by one: when one of them fails the workflow, those behind it are still known to have ended.
        while (board.Held.Count > 0)
        {
            var (_, ended) = board.Held.GetAt(0);
            board.Held.RemoveAt(0);
            Attempt(() => TakeEnd(ended));
        }

        foreach (var number in board.RunsInOrder.Select(run => run.Number).ToList())
        {
            if (!board.Runs.TryGetValue(number, out var run))
                continue;
            if (run.Phase is not RunPhase.Running)
                beginning.Enqueue(number);
            else if (run.Items is not null)
                Attempt(() => Fill(run));
        }

        if (board.Status is WorkflowStatus.Running)
            WakeRuns();
    }

    // Questions keep their own time.
    List<Run> LiveActions()
        => [.. board.RunsInOrder.Where(run => board.IsExecuting(run) && workflow.Tasks[run.Task].Inquiry is null)];

    void Shift(TimeSpan time)
    {
        board.Deadline += time;
        board.RestartAt += time;
        foreach (var run in board.Runs.Values.ToList())
        {
            if (run.Until is null && run.Items is null)
                continue;
            Set(run with
            {
                Until = run.Until + time,
                Items = run.Items is { } items ? items with { Open = [.. items.Open.Select(open => open with { Until = open.Until + time })] } : null,
            });
        }
    }
}
