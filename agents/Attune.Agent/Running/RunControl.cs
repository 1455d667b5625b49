namespace Attune.Agent.Running;

/// <summary>Ends one run from outside. Every member may be called at any time, from any thread, any number of times.</summary>
public sealed class RunControl
{
    // Tokens are cancelled aside: what waits for them must not run under the gate.
    readonly Lock gate = new();
    CancellationTokenSource? waiting;
    CancellationTokenSource? aborting;
    ChildProcess? process;
    TimeSpan grace;

    /// <summary>Set by the first <see cref="Cancel"/>; later ones can only shorten the grace.</summary>
    public string? Reason { get; private set; }

    public bool IsAborted { get; private set; }

    public bool IsCancelled => Reason is not null;

    internal bool IsStoppedByAgent { get; private set; }

    /// <summary>SIGTERM to the whole process group, SIGKILL after the grace. Nothing starts any more where nothing has begun.</summary>
    public void Cancel(string reason, TimeSpan grace)
    {
        lock (gate)
        {
            this.grace = IsCancelled && this.grace < grace ? this.grace : grace;
            Reason ??= reason;
            process?.Terminate(this.grace);
            _ = waiting?.CancelAsync();
        }
    }

    /// <summary>Kills at once. The run's report and its remaining output are of no interest to anyone.</summary>
    public void Abort()
    {
        lock (gate)
        {
            IsAborted = true;
            process?.Kill();
            _ = waiting?.CancelAsync();
            _ = aborting?.CancelAsync();
        }
    }

    internal void StopForAgent(TimeSpan grace)
    {
        lock (gate)
        {
            IsStoppedByAgent = !IsCancelled;
            process?.Terminate(grace);
        }
    }

    /// <summary>Before there is a process: what a cancel ends is the waiting for a release or an environment.</summary>
    internal void Attach(CancellationTokenSource waiting)
    {
        lock (gate)
        {
            this.waiting = waiting;
            if (IsCancelled || IsAborted)
            {
                _ = waiting.CancelAsync();
            }
        }
    }

    internal void Attach(ChildProcess started, CancellationTokenSource aborting)
    {
        lock (gate)
        {
            (process, this.aborting, waiting) = (started, aborting, null);
            if (IsAborted)
            {
                started.Kill();
                _ = aborting.CancelAsync();
            }
            else if (IsCancelled || IsStoppedByAgent)
            {
                started.Terminate(IsCancelled ? grace : TimeSpan.Zero);
            }
        }
    }

    internal void Detach()
    {
        lock (gate)
        {
            (process, aborting, waiting) = (null, null, null);
        }
    }
}
