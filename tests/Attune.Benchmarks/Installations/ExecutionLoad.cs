using Attune.Benchmarks.Profiling;
using Attune.V1;
using Grpc.Core;

namespace Attune.Benchmarks.Installations;

/// <summary>
/// A client that keeps a number of batches in flight: starts one, watches it until every execution of it is completed, starts the next.
/// What counts is what this client has seen completed.
/// </summary>
/// <param name="startBatch">Asks for a batch and says which executions it became.</param>
sealed class ExecutionLoad(
    Installation installation, Func<CancellationToken, Task<IReadOnlyCollection<long>>> startBatch, int batchesInFlight, TimeProvider clock)
{
    const int WarmUpRounds = 3;
    static readonly TimeSpan Filling = TimeSpan.FromSeconds(1);
    static readonly TimeSpan EndingMax = TimeSpan.FromSeconds(30);

    long completed;
    Exception? failure;

    /// <summary>Batches of one action, asked for directly.</summary>
    public static ExecutionLoad Of(Installation installation, string actionRef, int batchSize, int batchesInFlight, TimeProvider clock)
    {
        var batch = new StartExecutionsRequest
        {
            Items = { Enumerable.Repeat(new StartExecutionsItem { ActionRef = actionRef }, batchSize) },
        };
        return new(
            installation,
            async ct => (await installation.Executions.StartExecutionsAsync(batch, installation.Admin, cancellationToken: ct)).ExecutionIds,
            batchesInFlight,
            clock);
    }

    /// <summary>Until the hot paths of every process are compiled for good, which takes the JIT several rounds.</summary>
    public async Task WarmUpAsync(CpuMeter cpu, CancellationToken ct)
    {
        for (var round = 0; round < WarmUpRounds; round++)
        {
            await RunAsync(cpu, "", Filling, ct);
            await cpu.SettleAsync(ct);
        }
    }

    /// <summary>Fills the pipeline for a while, measures for the window, and lets end what is in flight.</summary>
    /// <exception cref="InvalidOperationException">A call failed, or an execution did not end well.</exception>
    public async Task<CpuUse> RunAsync(CpuMeter cpu, string phase, TimeSpan window, CancellationToken ct)
    {
        using var ending = new CancellationTokenSource();
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var lanes = Task.WhenAll(Enumerable.Range(0, batchesInFlight).Select(_ => RunLaneAsync(broken, ending.Token)));
        var use = await MeasureAsync(cpu, phase, window, broken.Token);

        await ending.CancelAsync();
        await Task.WhenAny(lanes, Task.Delay(EndingMax, clock, broken.Token));
        if (!lanes.IsCompleted)
            Fail(new TimeoutException($"What was in flight did not end within {EndingMax.TotalSeconds:0} s."));
        await broken.CancelAsync();
        await lanes;

        ct.ThrowIfCancellationRequested();
        return failure is null ? use! : throw new InvalidOperationException($"The load failed. {failure.Message}", failure);
    }

    /// <summary>Null when the load broke before the end of the window.</summary>
    async Task<CpuUse?> MeasureAsync(CpuMeter cpu, string phase, TimeSpan window, CancellationToken broken)
    {
        try
        {
            await Task.Delay(Filling, clock, broken);
            var (before, start) = (Interlocked.Read(ref completed), cpu.Read());
            await Task.Delay(window, clock, broken);
            return cpu.Since(start, phase, Interlocked.Read(ref completed) - before);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    async Task RunLaneAsync(CancellationTokenSource broken, CancellationToken ending)
    {
        try
        {
            while (!ending.IsCancellationRequested)
                await RunBatchAsync(broken.Token);
        }
        catch (Exception exception)
        {
            Fail(exception);
            await broken.CancelAsync();
        }
    }

    // The first is the cause; the others are its consequences.
    void Fail(Exception exception) => Interlocked.CompareExchange(ref failure, exception, null);

    async Task RunBatchAsync(CancellationToken ct)
    {
        var started = await startBatch(ct);
        var open = started.ToHashSet();
        using var watch = installation.Executions.WatchExecution(
            new() { ExecutionIds = { started } }, installation.Admin, cancellationToken: ct);
        await foreach (var news in watch.ResponseStream.ReadAllAsync(ct))
        {
            foreach (var execution in news.Executions)
            {
                if (execution.Status is ExecutionStatus.Completed && open.Remove(execution.Id))
                    Interlocked.Increment(ref completed);
                else if (IsLost(execution.Status))
                    throw new InvalidOperationException($"Execution {execution.Id} ended as {execution.Status}: {execution.Error?.Message}");
            }
        }

        if (open.Count > 0)
            throw new InvalidOperationException($"The watch ended while {open.Count} executions of its batch were not completed.");
    }

    static bool IsLost(ExecutionStatus status)
        => status is ExecutionStatus.Failed or ExecutionStatus.Timeout or ExecutionStatus.Cancelled or ExecutionStatus.Abandoned;
}
