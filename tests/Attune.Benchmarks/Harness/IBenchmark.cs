using Attune.Benchmarks.Profiling;

namespace Attune.Benchmarks.Harness;

interface IBenchmark : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Starts what is needed and warms everything up, baselines too: nothing of it is counted.</summary>
    Task PrepareAsync(CancellationToken ct);

    /// <summary>Measures once, and its baseline beside it.</summary>
    /// <param name="repeat">From 0. Odd ones take the baseline first, so that a machine that drifts favours neither.</param>
    /// <param name="ct">Ends the benchmark.</param>
    Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct);
}

/// <param name="Window">How long one measurement lasts.</param>
sealed record BenchSettings(TimeSpan Window, TimeProvider Clock);

sealed record RepeatOutcome(IReadOnlyList<Measurement> Measurements)
{
    public IReadOnlyList<CpuUse> CpuUses { get; init; } = [];
}
