using Attune.Benchmarks.Profiling;

namespace Attune.Benchmarks.Harness;

/// <summary>All repeats of one figure.</summary>
sealed record FigureResult(Figure Figure, IReadOnlyList<Measurement> Measurements)
{
    public Series Values => new(Measurements.Select(each => each.Value));

    /// <summary>Null where the figure has no baseline.</summary>
    public Series? Baselines => Measurements[0].Baseline is null ? null : new(Measurements.Select(each => each.Baseline!.Value));

    /// <summary>One ratio per repeat, so that what slows a whole repeat down does not count.</summary>
    public Series Scores => new(Measurements.Select(each => each.Score));

    /// <summary>Null: nothing was promised.</summary>
    public bool? IsMet => Figure.Target?.IsMetBy(Scores.Median);
}

/// <param name="Failure">Why there are no or fewer figures; null when all went well.</param>
sealed record BenchmarkResult(string Name, IReadOnlyList<FigureResult> Figures, IReadOnlyList<CpuUse> CpuUses, string? Failure)
{
    public bool Passed => Failure is null && Figures.All(figure => figure.IsMet is not false);
}
