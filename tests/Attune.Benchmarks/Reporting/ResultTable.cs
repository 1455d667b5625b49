using System.Globalization;
using System.Text;
using Attune.Benchmarks.Harness;

namespace Attune.Benchmarks.Reporting;

/// <summary>Every figure with its baseline, its ratio and what it had to reach: medians, and from the least to the most.</summary>
sealed class ResultTable(IReadOnlyList<BenchmarkResult> results)
{
    public string ToText()
    {
        var table = new TextTable("figure", "measured", "unit", "baseline", "of", "ratio", "target", "");
        foreach (var figure in results.SelectMany(result => result.Figures))
            Add(table, figure);

        var text = new StringBuilder().AppendLine().Append(table.ToText());
        foreach (var result in results.Where(result => result.Failure is not null))
            text.AppendLine().AppendLine($"{result.Name} could not be measured: {result.Failure}");
        return text.ToString();
    }

    static void Add(TextTable table, FigureResult result)
    {
        var (figure, baselines) = (result.Figure, result.Baselines);
        table.Add(
            figure.Name,
            Range(result.Values, figure.Show),
            figure.Unit,
            figure.Baseline ?? "",
            baselines is null ? "" : Range(baselines, figure.Show),
            baselines is null ? "" : Range(result.Scores, Ratio),
            figure.Target is { } target ? $"{(target.IsMinimum ? "≥" : "≤")} {(baselines is null ? figure.Show(target.Limit) : Ratio(target.Limit))}" : "",
            result.IsMet switch { true => "pass", false => "MISS", null => "" });
    }

    static string Range(Series series, Func<double, string> show) => $"{show(series.Median)} ({show(series.Min)}–{show(series.Max)})";

    static string Ratio(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
