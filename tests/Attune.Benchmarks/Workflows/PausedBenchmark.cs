using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Installations;
using Attune.Benchmarks.Profiling;
using Attune.V1;
using Dapper;
using Npgsql;

namespace Attune.Benchmarks.Workflows;

/// <summary>What 5,000 paused workflows cost per second: transactions and processor time, against the same installation without any.</summary>
sealed class PausedBenchmark(BenchSettings settings) : IBenchmark
{
    const int Paused = 5_000;
    const int BatchSize = 500;
    const int CallsInFlight = 16;

    // A dozen transactions a second is what there is to count; a short look would count chance. Backends tell theirs after 10 s of idleness.
    static readonly TimeSpan LookMin = TimeSpan.FromSeconds(15);
    static readonly TimeSpan Telling = TimeSpan.FromSeconds(12);

    readonly Figure transactions = new("transactions per second beside 5,000 paused workflows", "/s", 1, "beside none", Target.AtMost(1.2));
    readonly Figure processor = new("  processor time, all processes", "ms/s", 1, "beside none", null);
    readonly Lifetime with = new();
    readonly Lifetime without = new();
    Side? paused;
    Side? idle;

    public string Name => "paused";

    public async Task PrepareAsync(CancellationToken ct)
    {
        idle = await StartAsync(without, ct);
        paused = await StartAsync(with, ct);
        var ids = new List<long>();
        for (var i = 0; i < Paused / BatchSize; i++)
        {
            var request = new StartExecutionsRequest();
            request.Items.AddRange(Enumerable.Repeat(new StartExecutionsItem { ActionRef = WorkflowPack.Waiting }, BatchSize));
            var started = await paused.Installation.Executions.StartExecutionsAsync(request, paused.Installation.Admin, cancellationToken: ct);
            ids.AddRange(started.ExecutionIds);
        }

        var pausing = new ParallelOptions { MaxDegreeOfParallelism = CallsInFlight, CancellationToken = ct };
        await Parallel.ForEachAsync(ids, pausing, async (id, stop) => await paused.Installation.Workflows.PauseWorkflowAsync(
            new() { ExecutionId = id }, paused.Installation.Admin, cancellationToken: stop));
        await paused.Connection.ExecuteAsync(new CommandDefinition("vacuum analyze", commandTimeout: 300, cancellationToken: ct));
        await paused.Cpu.SettleAsync(ct);
        await Task.Delay(Telling, settings.Clock, ct);
    }

    public async Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct)
    {
        var before = repeat % 2 == 1 ? await MeasureAsync(idle!, ct) : null;
        var use = await MeasureAsync(paused!, ct);
        var baseline = before ?? await MeasureAsync(idle!, ct);
        return new([new(transactions, use.Transactions, baseline.Transactions), new(processor, use.Processor, baseline.Processor)]);
    }

    public async ValueTask DisposeAsync()
    {
        await with.DisposeAsync();
        await without.DisposeAsync();
    }

    async Task<Side> StartAsync(Lifetime lifetime, CancellationToken ct)
    {
        var installation = lifetime.Owns(await Installation.StartAsync(settings.Clock, ct));
        await WorkflowPack.InstallAsync(installation, ct);
        var agent = lifetime.Owns(await installation.StartAgentAsync("bench", 64, ct));
        var connection = lifetime.Owns(new NpgsqlConnection(installation.ConnectionString));
        return new(installation, connection, new(
            new Dictionary<string, int> { ["server"] = installation.ServerProcessId, ["agent"] = agent.Process.Id },
            installation.Postgres.ProcessId,
            settings.Clock));
    }

    async Task<IdleCost> MeasureAsync(Side side, CancellationToken ct)
    {
        var (commits, start) = (await side.CommitsAsync(ct), side.Cpu.Read());
        await Task.Delay(settings.Window > LookMin ? settings.Window : LookMin, settings.Clock, ct);
        var use = side.Cpu.Since(start, "", 0);
        var seconds = use.Wall.TotalSeconds;
        return new((await side.CommitsAsync(ct) - commits) / seconds, 1000 * use.Seconds.Values.Sum() / seconds);
    }

    sealed record IdleCost(double Transactions, double Processor);

    sealed record Side(Installation Installation, NpgsqlConnection Connection, CpuMeter Cpu)
    {
        public Task<long> CommitsAsync(CancellationToken ct) => Connection.QuerySingleAsync<long>(new CommandDefinition(
            "select xact_commit from pg_stat_database where datname = current_database()", cancellationToken: ct));
    }
}
