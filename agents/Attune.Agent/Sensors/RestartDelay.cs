namespace Attune.Agent.Sensors;

/// <summary>How long a sensor that ended waits for its next start.</summary>
static class RestartDelay
{
    static readonly TimeSpan First = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(300);

    /// <summary>A process that lived this long ends the row of failures.</summary>
    public static readonly TimeSpan Steady = TimeSpan.FromSeconds(60);

    /// <summary>5 s, doubling with each failure in a row, at most 300 s. <paramref name="failures"/> counts from 1.</summary>
    public static TimeSpan After(int failures)
        => First * Math.Pow(2, Math.Clamp(failures - 1, 0, 10)) is var delay && delay < Longest ? delay : Longest;
}
