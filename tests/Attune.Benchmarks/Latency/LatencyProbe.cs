using Attune.Benchmarks.Harness;

namespace Attune.Benchmarks.Latency;

/// <summary>Takes one thing's time, one at a time, with a rest after each so that everything is idle again.</summary>
/// <param name="once">Does it once and says how long it took.</param>
sealed class LatencyProbe(Func<CancellationToken, Task<TimeSpan>> once, Func<CancellationToken, Task> rest)
{
    readonly List<double> microseconds = [];

    public async Task TakeAsync(int samples, CancellationToken ct)
    {
        for (var i = 0; i < samples; i++)
        {
            microseconds.Add((await once(ct)).TotalMicroseconds);
            await rest(ct);
        }
    }

    /// <summary>The samples since the last call.</summary>
    public Series Collect()
    {
        var series = new Series(microseconds);
        microseconds.Clear();
        return series;
    }
}
