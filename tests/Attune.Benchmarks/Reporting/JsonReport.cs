using System.Text.Json;
using Attune.Benchmarks.Harness;

namespace Attune.Benchmarks.Reporting;

/// <summary>Every repeat of every figure, for a program that compares commits.</summary>
sealed class JsonReport(MachineFacts machine, IReadOnlyList<BenchmarkResult> results)
{
    static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public async Task WriteAsync(string file, CancellationToken ct)
    {
        var report = new
        {
            machine,
            benchmarks = results.Select(result => new
            {
                result.Name,
                result.Failure,
                figures = result.Figures.Select(figure => new
                {
                    figure.Figure.Name,
                    figure.Figure.Unit,
                    values = figure.Measurements.Select(each => each.Value),
                    baselineName = figure.Figure.Baseline,
                    baselines = figure.Baselines is null ? null : figure.Measurements.Select(each => each.Baseline),
                    score = figure.Scores.Median,
                    target = figure.Figure.Target,
                    figure.IsMet,
                }),
                result.CpuUses,
            }),
        };
        await using var stream = File.Create(file);
        await JsonSerializer.SerializeAsync(stream, report, Options, ct);
    }
}
