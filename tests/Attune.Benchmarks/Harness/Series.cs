namespace Attune.Benchmarks.Harness;

/// <summary>Measured values of one kind. None of its figures exists for an empty one.</summary>
sealed class Series(IEnumerable<double> values)
{
    readonly double[] sorted = [.. values.Order()];

    public double Min => sorted[0];

    public double Max => sorted[^1];

    public double Median => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    /// <summary>The smallest value that at least this share of all values does not exceed (nearest rank).</summary>
    /// <param name="share">0 to 1.</param>
    public double Percentile(double share) => sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
}
