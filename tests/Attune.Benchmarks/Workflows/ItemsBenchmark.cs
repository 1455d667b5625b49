using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Installations;
using Attune.V1;
using Dapper;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Npgsql;

namespace Attune.Benchmarks.Workflows;

/// <summary>A with_items over 10,000: how long it takes, and the database rows it touches per item against one over 1,000.</summary>
sealed class ItemsBenchmark(BenchSettings settings) : IBenchmark
{
    const int Slots = 256;
    const int Few = 1_000;
    const int Many = 10_000;

    // Constant means that the ratio is 1; what a whole workflow costs once is shared by fewer items in the smaller one.
    readonly Figure rows = new("rows written per item of 10,000", "", 2, "of 1,000", Target.AtMost(1.1));
    readonly Figure total = new("10,000 items in all", "s", 2, null, null);
    readonly Figure rate = new("  of it, items per second", "/s", 0, "1,000 items", null);
    readonly Lifetime lifetime = new();
    Installation? installation;
    NpgsqlConnection? connection;

    public string Name => "items";

    public async Task PrepareAsync(CancellationToken ct)
    {
        installation = lifetime.Owns(await Installation.StartAsync(settings.Clock, ct));
        await WorkflowPack.InstallAsync(installation, ct);
        lifetime.Owns(await installation.StartAgentAsync("bench", Slots, ct));
        connection = lifetime.Owns(new NpgsqlConnection(installation.ConnectionString));
        for (var i = 0; i < 3; i++)
            await RunAsync(Few, ct);
    }

    public async Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct)
    {
        var before = repeat % 2 == 1 ? await RunAsync(Few, ct) : null;
        var many = await RunAsync(Many, ct);
        var few = before ?? await RunAsync(Few, ct);
        return new(
        [
            new(rows, (double)many.Rows / Many, (double)few.Rows / Few),
            new(total, many.Time.TotalSeconds),
            new(rate, Many / many.Time.TotalSeconds, Few / few.Time.TotalSeconds),
        ]);
    }

    public ValueTask DisposeAsync() => lifetime.DisposeAsync();

    sealed record ItemsRun(TimeSpan Time, long Rows);

    async Task<ItemsRun> RunAsync(int count, CancellationToken ct)
    {
        var before = await WrittenAsync(ct);
        var begin = settings.Clock.GetTimestamp();
        var started = await installation!.Executions.StartExecutionAsync(
            new() { ActionRef = WorkflowPack.Items, Parameters = Struct.Parser.ParseJson($$"""{"count": {{count}}}""") },
            installation.Admin, cancellationToken: ct);
        using var watch = installation.Executions.WatchExecution(
            new() { ExecutionIds = { started.Execution.Id } }, installation.Admin, cancellationToken: ct);
        var status = ExecutionStatus.Unspecified;
        await foreach (var news in watch.ResponseStream.ReadAllAsync(ct))
            status = news.Executions.LastOrDefault()?.Status ?? status;
        if (status is not ExecutionStatus.Completed)
            throw new InvalidOperationException($"Workflow {started.Execution.Id} ended as {status}.");
        return new(settings.Clock.GetElapsedTime(begin), await WrittenAsync(ct) - before);
    }

    // Backends tell what they wrote once a second at most, and all of it when they have been idle that long. The agent's own rows
    // (heartbeats) and the feed's positions are no part of an item.
    const string Written = """
        select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
        from pg_stat_user_tables
        where schemaname = 'attune'
          and relname in ('execution', 'execution_queue', 'workflow_execution', 'workflow_happening', 'workflow_value')
        """;

    async Task<long> WrittenAsync(CancellationToken ct)
    {
        var (last, same) = (-1L, 0);
        while (same < 6)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), settings.Clock, ct);
            var written = await connection!.QuerySingleAsync<long>(
                new CommandDefinition(Written, cancellationToken: ct));
            same = written == last ? same + 1 : 0;
            last = written;
        }

        return last;
    }
}
