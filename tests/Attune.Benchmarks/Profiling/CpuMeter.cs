namespace Attune.Benchmarks.Profiling;

/// <summary>Reads the processor time of everything that takes part, the benchmark's own process included.</summary>
/// <param name="processes">Name and process id.</param>
/// <param name="postmaster">Process id of PostgreSQL; null where none takes part.</param>
sealed class CpuMeter(IReadOnlyDictionary<string, int> processes, int? postmaster, TimeProvider clock)
{
    const string Postgres = "postgres";
    const double QuietCores = 0.1;
    static readonly TimeSpan QuietFor = TimeSpan.FromMilliseconds(300);
    static readonly TimeSpan SettleMax = TimeSpan.FromSeconds(10);

    /// <summary>A point in time; <see cref="Since"/> makes a use of two.</summary>
    public sealed record Reading(long Timestamp, IReadOnlyDictionary<string, double> Seconds);

    public Reading Read()
    {
        var seconds = new Dictionary<string, double>();
        Add("client", Environment.ProcessId);
        foreach (var (name, id) in processes)
            Add(name, id);
        if (postmaster is { } parent)
            seconds[Postgres] = (ProcessTimes.Read(parent)?.Total ?? 0) + ProcessTimes.ReadChildren(parent).Sum(child => child.Total);
        return new(clock.GetTimestamp(), seconds);

        void Add(string name, int id)
        {
            var times = ProcessTimes.Read(id) ?? default;
            (seconds[name], seconds[$"{name}'s children"]) = (times.Own, times.EndedChildren);
        }
    }

    /// <summary>
    /// Waits until nobody is busy any more: what the JIT compiles and PostgreSQL cleans up behind one measurement is no part of the next.
    /// </summary>
    public async Task SettleAsync(CancellationToken ct)
    {
        var since = clock.GetTimestamp();
        double busyCores;
        do
        {
            var start = Read();
            await Task.Delay(QuietFor, clock, ct);
            var use = Since(start, "", 0);
            busyCores = use.Seconds.Values.Sum() / use.Wall.TotalSeconds;
        }
        while (busyCores > QuietCores && clock.GetElapsedTime(since) < SettleMax);
    }

    public CpuUse Since(Reading start, string phase, double executions)
    {
        var end = Read();
        return new(
            phase,
            executions,
            clock.GetElapsedTime(start.Timestamp, end.Timestamp),
            end.Seconds.ToDictionary(pair => pair.Key, pair => pair.Value - start.Seconds.GetValueOrDefault(pair.Key)));
    }
}
