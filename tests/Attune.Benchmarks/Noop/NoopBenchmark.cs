using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Installations;
using Attune.Benchmarks.Profiling;

namespace Attune.Benchmarks.Noop;

/// <summary>
/// How much the whole path carries: gRPC client → server → agent → server → the client sees it completed, every row durable, against
/// PostgreSQL alone doing the same life of the same rows.
/// </summary>
sealed class NoopBenchmark(BenchSettings settings) : IBenchmark
{
    const int Slots = 1024;
    const int BatchSize = 100;
    const int BatchesInFlight = 10;

    readonly Figure figure = new("noop executions", "/s", 0, "pgbench", Target.AtLeast(0.40));
    readonly Lifetime lifetime = new();
    DurablePostgres? postgres;
    PgbenchLife? baseline;
    ExecutionLoad? load;
    CpuMeter? cpu;

    public string Name => "noop";

    public async Task PrepareAsync(CancellationToken ct)
    {
        var installation = lifetime.Owns(await Installation.StartAsync(settings.Clock, ct));
        postgres = installation.Postgres;
        baseline = await PgbenchLife.CreateAsync(postgres, ct);
        var agent = lifetime.Owns(await installation.StartAgentAsync("bench", Slots, ct));
        load = ExecutionLoad.Of(installation, "core.noop", BatchSize, BatchesInFlight, settings.Clock);
        cpu = new(
            new Dictionary<string, int> { ["server"] = installation.ServerProcessId, ["agent"] = agent.Process.Id },
            postgres.ProcessId,
            settings.Clock);

        await load.WarmUpAsync(cpu, ct);
        await baseline.RunAsync(TimeSpan.FromSeconds(1), ct);
    }

    public async Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct)
    {
        var isBaselineFirst = repeat % 2 == 1;
        var before = isBaselineFirst ? await MeasureBaselineAsync(ct) : null;
        await postgres!.CheckpointAsync(ct);
        await cpu!.SettleAsync(ct);
        var use = await load!.RunAsync(cpu, "product", settings.Window, ct);
        var baselineUse = before ?? await MeasureBaselineAsync(ct);
        return new([new(figure, use.PerSecond, baselineUse.PerSecond)]) { CpuUses = [use, baselineUse] };
    }

    public ValueTask DisposeAsync() => lifetime.DisposeAsync();

    async Task<CpuUse> MeasureBaselineAsync(CancellationToken ct)
    {
        await postgres!.CheckpointAsync(ct);
        await cpu!.SettleAsync(ct);
        var start = cpu.Read();
        var perSecond = await baseline!.RunAsync(settings.Window, ct);
        var use = cpu.Since(start, "pgbench", 0);
        return use with { Executions = perSecond * use.Wall.TotalSeconds };
    }
}
