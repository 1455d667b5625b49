namespace Attune.Agent.Session;

static class Backoff
{
    static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long to wait before a try, counted from 1. Full jitter: anything from nothing to a ceiling that doubles up to
    /// <paramref name="longest"/>, so a fleet that lost its server together does not come back together.
    /// <paramref name="jitter"/> is from 0 to below 1.
    /// </summary>
    public static TimeSpan DelayBefore(int attempt, double jitter, TimeSpan longest)
    {
        var doublings = Math.Clamp(attempt - 1, 0, 20);
        var ceiling = Math.Min(First.TotalSeconds * Math.Pow(2, doublings), longest.TotalSeconds);
        return TimeSpan.FromSeconds(ceiling * jitter);
    }

    /// <summary>
    /// A control plane that was away gives its agents the time of a lease to come back. Several tries must fit into it.
    /// </summary>
    public static TimeSpan LongestWithin(TimeSpan lease)
        => lease > TimeSpan.Zero && lease / 4 < Longest ? lease / 4 : Longest;

    /// <summary>Within a tenth of the interval, so a fleet's heartbeats spread.</summary>
    public static TimeSpan Jittered(TimeSpan interval, double jitter) => interval * (0.9 + (jitter * 0.2));
}
