namespace Attune.Server.Webhooks;

/// <summary>When the last requests were let in: a sliding window, exact, in this replica's memory.</summary>
sealed class RequestWindow
{
    readonly Lock gate = new();
    readonly Queue<long> times = new();

    /// <returns>Null: it is let in and counted. Else: how long until the next one could be.</returns>
    public TimeSpan? TryEnter(int requests, TimeSpan window, TimeProvider clock)
    {
        lock (gate)
        {
            var now = clock.GetTimestamp();
            while (times.TryPeek(out var oldest) && clock.GetElapsedTime(oldest, now) >= window)
                times.Dequeue();

            // More than the limit may be in it: the limit was lowered.
            if (times.Count >= requests)
                return window - clock.GetElapsedTime(times.ElementAt(times.Count - requests), now);

            times.Enqueue(now);
            return null;
        }
    }
}
