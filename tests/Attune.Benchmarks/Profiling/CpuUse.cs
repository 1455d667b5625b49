namespace Attune.Benchmarks.Profiling;

/// <summary>Processor time that one measurement took.</summary>
/// <param name="Phase">What was measured: the benchmark or its baseline.</param>
/// <param name="Executions">Done meanwhile.</param>
/// <param name="Wall">How long it lasted.</param>
/// <param name="Seconds">By process, or group of processes.</param>
sealed record CpuUse(string Phase, double Executions, TimeSpan Wall, IReadOnlyDictionary<string, double> Seconds)
{
    public double PerSecond => Executions / Wall.TotalSeconds;
}
