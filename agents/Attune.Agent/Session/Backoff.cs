namespace Attune.Agent.Session;

static class Backoff
{
    static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long to wait before a try, counted from 1. Full jitter: anything from nothing to a ceiling that doubles, so a fleet
    /// that lost its server together does not come back together. <paramref name="jitter"/> is from 0 to below 1.
    /// </summary>
    public static TimeSpan DelayBefore(int attempt, double jitter)
    {
        var doublings = Math.Clamp(attempt - 1, 0, 20);
        var ceiling = Math.Min(First.TotalSeconds * Math.Pow(2, doublings), Longest.TotalSeconds);
        return TimeSpan.FromSeconds(ceiling * jitter);
    }

    /// <summary>Within a tenth of the interval, so a fleet's heartbeats spread.</summary>
    public static TimeSpan Jittered(TimeSpan interval, double jitter) => interval * (0.9 + (jitter * 0.2));
}
