using System.Globalization;

namespace Attune.Benchmarks.Harness;

/// <summary>One line of the table: what is measured, in which unit, and what it must reach.</summary>
/// <param name="Decimals">Shown.</param>
/// <param name="Baseline">What it is compared with; null: with its target only.</param>
sealed record Figure(string Name, string Unit, int Decimals, string? Baseline, Target? Target)
{
    public string Show(double value) => value.ToString($"N{Decimals}", CultureInfo.InvariantCulture);
}

/// <param name="Limit">In the figure's unit, or a ratio where the figure has a baseline.</param>
sealed record Target(double Limit, bool IsMinimum)
{
    public static Target AtLeast(double limit) => new(limit, IsMinimum: true);

    public static Target AtMost(double limit) => new(limit, IsMinimum: false);

    public bool IsMetBy(double score) => IsMinimum ? score >= Limit : score <= Limit;
}

/// <param name="Baseline">In the figure's unit, from the same repeat; null where the figure has none.</param>
sealed record Measurement(Figure Figure, double Value, double? Baseline = null)
{
    /// <summary>What the target judges.</summary>
    public double Score => Baseline is { } baseline ? Value / baseline : Value;
}
