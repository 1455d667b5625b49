using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Installations;
using Attune.V1;
using Grpc.Core;

namespace Attune.Benchmarks.Latency;

/// <summary>
/// From StartExecution called until the no-op begins on the agent, by the agent's own report as it is stored: one machine, one clock, in
/// microseconds.
/// </summary>
/// <param name="rest">Before the execution is looked at, so that the looking is no load while it starts.</param>
sealed class StartOnce(Installation installation, Func<CancellationToken, Task> rest)
{
    readonly StartExecutionRequest request = new() { ActionRef = "core.noop" };
    readonly List<double> received = [];
    readonly List<double> answered = [];

    public async Task<TimeSpan> RunAsync(CancellationToken ct)
    {
        var called = TimeProvider.System.GetUtcNow();
        var started = await installation.Executions.StartExecutionAsync(request, installation.Admin, cancellationToken: ct);
        answered.Add((TimeProvider.System.GetUtcNow() - called).TotalMicroseconds);

        await rest(ct);
        var ended = await FinishAsync(started.Execution.Id, ct);
        received.Add((ended.Created.ToDateTimeOffset() - called).TotalMicroseconds);
        return ended.Status is ExecutionStatus.Completed
            ? ended.StartedAt.ToDateTimeOffset() - called
            : throw new InvalidOperationException($"Execution {ended.Id} ended as {ended.Status}: {ended.Error?.Message}");
    }

    /// <summary>
    /// What came on the way there since the last call, in microseconds: until the server began to store it, and until the caller had the
    /// answer, which is no part of the way but ends with the same commit.
    /// </summary>
    public (Series Received, Series Answered) Collect()
    {
        var stages = (new Series(received), new Series(answered));
        received.Clear();
        answered.Clear();
        return stages;
    }

    async Task<Execution> FinishAsync(long id, CancellationToken ct)
    {
        using var watch = installation.Executions.WatchExecution(new() { ExecutionIds = { id } }, installation.Admin, cancellationToken: ct);
        Execution? last = null;
        await foreach (var news in watch.ResponseStream.ReadAllAsync(ct))
            last = news.Executions.LastOrDefault() ?? last;
        return last!;
    }
}
