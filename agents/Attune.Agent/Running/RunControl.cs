namespace Attune.Agent.Running;

/// <summary>Ends one run from outside. Every member may be called at any time, from any thread, any number of times.</summary>
public sealed class RunControl
{
    readonly Lock gate = new();
    readonly TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    ChildProcess? process;
    TimeSpan grace;

    /// <summary>Set by the first <see cref="Cancel"/>; later ones can only shorten the grace.</summary>
    public string? Reason { get; private set; }

    public bool IsAborted { get; private set; }

    public bool IsCancelled => Reason is not null;

    /// <summary>Done when the run is to end: nothing new begins, and waiting for a release or an environment is over.</summary>
    internal Task Stopped => stop.Task;

    /// <summary>SIGTERM to the whole process group, SIGKILL after the grace. Nothing starts any more where nothing has begun.</summary>
    public void Cancel(string reason, TimeSpan grace)
    {
        lock (gate)
        {
            this.grace = IsCancelled && this.grace < grace ? this.grace : grace;
            Reason ??= reason;
            process?.Terminate(this.grace);
        }

        stop.TrySetResult();
    }

    /// <summary>Kills at once. The run's report and its remaining output are of no interest to anyone.</summary>
    public void Abort()
    {
        lock (gate)
        {
            IsAborted = true;
            process?.Kill();
        }

        stop.TrySetResult();
    }

    internal void Attach(ChildProcess started)
    {
        lock (gate)
        {
            process = started;
            if (IsAborted)
            {
                started.Kill();
            }
            else if (IsCancelled)
            {
                started.Terminate(grace);
            }
        }
    }
}
