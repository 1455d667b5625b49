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

    public async Task<TimeSpan> RunAsync(CancellationToken ct)
    {
        var called = TimeProvider.System.GetUtcNow();
        var started = await installation.Executions.StartExecutionAsync(request, installation.Admin, cancellationToken: ct);
        await rest(ct);
        var ended = await FinishAsync(started.Execution.Id, ct);
        return ended.Status is ExecutionStatus.Completed
            ? ended.StartedAt.ToDateTimeOffset() - called
            : throw new InvalidOperationException($"Execution {ended.Id} ended as {ended.Status}: {ended.Error?.Message}");
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
