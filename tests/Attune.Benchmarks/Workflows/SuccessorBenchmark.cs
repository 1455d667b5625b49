using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Installations;
using Attune.Benchmarks.Latency;
using Attune.V1;
using Dapper;
using Grpc.Core;
using Npgsql;

namespace Attune.Benchmarks.Workflows;

/// <summary>
/// On an idle installation: from the end of a task until its successor begins, both as the agent reports them (one machine, one clock),
/// against a plain start, from StartExecution called until the no-op begins.
/// </summary>
sealed class SuccessorBenchmark(BenchSettings settings) : IBenchmark
{
    const int Chains = 40;
    const int Starts = 200;
    const string Start = "start latency";
    static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(2);

    // Targets of our own: a successor costs two commits, the report's and the step's, where a start costs one.
    readonly Figure median = new("result to successor's start p50", "µs", 0, Start, Target.AtMost(3));
    readonly Figure slow = new("result to successor's start p99", "µs", 0, Start, Target.AtMost(4));
    readonly Lifetime lifetime = new();
    Installation? installation;
    NpgsqlConnection? connection;
    LatencyProbe? start;

    public string Name => "successor";

    public async Task PrepareAsync(CancellationToken ct)
    {
        installation = lifetime.Owns(await Installation.StartAsync(settings.Clock, ct));
        await WorkflowPack.InstallAsync(installation, ct);
        lifetime.Owns(await installation.StartAgentAsync("bench", slots: 8, ct));
        connection = lifetime.Owns(new NpgsqlConnection(installation.ConnectionString));
        start = new(new StartOnce(installation, RestAsync).RunAsync, RestAsync);

        await start.TakeAsync(Starts, ct);
        start.Collect();
        for (var chain = 0; chain < Chains; chain++)
            await RunChainAsync(ct);
    }

    public async Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct)
    {
        if (repeat % 2 == 1)
            await start!.TakeAsync(Starts, ct);
        var gaps = new List<double>();
        for (var chain = 0; chain < Chains; chain++)
            gaps.AddRange(await RunChainAsync(ct));
        if (repeat % 2 == 0)
            await start!.TakeAsync(Starts, ct);

        var (successors, starts) = (new Series(gaps), start!.Collect());
        return new(
        [
            new(median, successors.Median, starts.Median),
            new(slow, successors.Percentile(0.99), starts.Percentile(0.99)),
        ]);
    }

    public ValueTask DisposeAsync() => lifetime.DisposeAsync();

    const string Gaps = """
        select extract(epoch from started_at - lag(finished_at) over (order by id)) * 1e6
        from attune.execution
        where parent = @id
        order by id
        offset 1
        """;

    async Task<IEnumerable<double>> RunChainAsync(CancellationToken ct)
    {
        var started = await installation!.Executions.StartExecutionAsync(
            new() { ActionRef = WorkflowPack.Chain }, installation.Admin, cancellationToken: ct);
        using var watch = installation.Executions.WatchExecution(
            new() { ExecutionIds = { started.Execution.Id } }, installation.Admin, cancellationToken: ct);
        var status = ExecutionStatus.Unspecified;
        await foreach (var news in watch.ResponseStream.ReadAllAsync(ct))
            status = news.Executions.LastOrDefault()?.Status ?? status;
        if (status is not ExecutionStatus.Completed)
            throw new InvalidOperationException($"Workflow {started.Execution.Id} ended as {status}.");
        return await connection!.QueryAsync<double>(new CommandDefinition(Gaps, new { id = started.Execution.Id }, cancellationToken: ct));
    }

    Task RestAsync(CancellationToken ct) => Task.Delay(Rest, settings.Clock, ct);
}
