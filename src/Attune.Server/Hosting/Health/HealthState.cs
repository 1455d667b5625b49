namespace Attune.Server.Hosting.Health;

/// <summary>Whether this replica can serve: the database answers and the server is not stopping.</summary>
sealed class HealthState
{
    readonly Lock gate = new();
    TaskCompletionSource changed = NewSignal();
    bool isServing;

    public bool IsServing
    {
        get
        {
            lock (gate)
                return isServing;
        }
    }

    /// <summary>The state, and what completes when it is no longer so.</summary>
    public (bool IsServing, Task Changed) Read()
    {
        lock (gate)
            return (isServing, changed.Task);
    }

    /// <returns>False when it was so already.</returns>
    public bool Set(bool serving)
    {
        TaskCompletionSource signal;
        lock (gate)
        {
            if (isServing == serving)
                return false;

            isServing = serving;
            (signal, changed) = (changed, NewSignal());
        }

        signal.SetResult();
        return true;
    }

    static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
