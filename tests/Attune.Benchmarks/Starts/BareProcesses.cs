using System.Diagnostics;

namespace Attune.Benchmarks.Starts;

/// <summary>The baseline: nothing but .NET starting a program and reading what it prints, so many at a time.</summary>
sealed class BareProcesses(string program, int parallelism, TimeProvider clock)
{
    /// <summary>Programs that ended, per second.</summary>
    public async Task<double> RunAsync(TimeSpan window, CancellationToken ct)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var start = clock.GetTimestamp();
        ending.CancelAfter(window);
        var lanes = Enumerable.Range(0, parallelism).Select(_ => Task.Run(() => RunLaneAsync(ending.Token), ct));
        var ended = await Task.WhenAll(lanes);
        ct.ThrowIfCancellationRequested();
        return ended.Sum() / clock.GetElapsedTime(start).TotalSeconds;
    }

    async Task<int> RunLaneAsync(CancellationToken ending)
    {
        var count = 0;
        for (; !ending.IsCancellationRequested; count++)
        {
            using var process = Process.Start(new ProcessStartInfo(program)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
            await Task.WhenAll(output, errors);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        return count;
    }
}
