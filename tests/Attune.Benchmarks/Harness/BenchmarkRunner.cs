namespace Attune.Benchmarks.Harness;

/// <summary>Prepares, repeats and collects. A benchmark that breaks is a result too: the others still run.</summary>
sealed class BenchmarkRunner(int repeats, TextWriter progress)
{
    public async Task<BenchmarkResult> RunAsync(IBenchmark benchmark, CancellationToken ct)
    {
        var outcomes = new List<RepeatOutcome>();
        string? failure = null;
        try
        {
            progress.WriteLine($"{benchmark.Name}: starting and warming up");
            await benchmark.PrepareAsync(ct);
            for (var repeat = 0; repeat < repeats; repeat++)
            {
                var outcome = await benchmark.RepeatAsync(repeat, ct);
                outcomes.Add(outcome);
                progress.WriteLine($"{benchmark.Name} {repeat + 1}/{repeats}: {string.Join("; ", outcome.Measurements.Select(Describe))}");
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            failure = exception.Message;
            progress.WriteLine($"{benchmark.Name} failed: {exception}");
        }

        var figures = outcomes
            .SelectMany(outcome => outcome.Measurements)
            .GroupBy(measurement => measurement.Figure, (figure, measurements) => new FigureResult(figure, [.. measurements]));
        return new(benchmark.Name, [.. figures], [.. outcomes.SelectMany(outcome => outcome.CpuUses)], failure);
    }

    static string Describe(Measurement measurement)
    {
        var (figure, shown) = (measurement.Figure, $"{measurement.Figure.Name} {measurement.Figure.Show(measurement.Value)} {measurement.Figure.Unit}");
        return measurement.Baseline is { } baseline ? $"{shown} ({figure.Baseline} {figure.Show(baseline)}, ratio {measurement.Score:0.00})" : shown;
    }
}
