using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Installations;
using Attune.Benchmarks.Profiling;

namespace Attune.Benchmarks.Workflows;

/// <summary>Tasks per second of many chains of no-ops at the same time, against the same no-ops started directly.</summary>
sealed class WorkflowBenchmark(BenchSettings settings) : IBenchmark
{
    const int Slots = 1024;
    const int BatchSize = 100;
    const int BatchesInFlight = 10;

    readonly Figure figure = new("tasks of workflows completed", "/s", 0, "noop", Target.AtLeast(0.50));
    readonly Lifetime lifetime = new();
    DurablePostgres? postgres;
    ExecutionLoad? chains;
    ExecutionLoad? noops;
    CpuMeter? cpu;

    public string Name => "workflows";

    public async Task PrepareAsync(CancellationToken ct)
    {
        var installation = lifetime.Owns(await Installation.StartAsync(settings.Clock, ct));
        postgres = installation.Postgres;
        await WorkflowPack.InstallAsync(installation, ct);
        var agent = lifetime.Owns(await installation.StartAgentAsync("bench", Slots, ct));
        noops = ExecutionLoad.Of(installation, "core.noop", BatchSize, BatchesInFlight, settings.Clock);
        chains = ExecutionLoad.Of(installation, WorkflowPack.Chain, BatchSize, BatchesInFlight, settings.Clock);
        cpu = new(
            new Dictionary<string, int> { ["server"] = installation.ServerProcessId, ["agent"] = agent.Process.Id },
            postgres.ProcessId,
            settings.Clock);

        await noops.WarmUpAsync(cpu, ct);
        await chains.WarmUpAsync(cpu, ct);
    }

    public async Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct)
    {
        var isBaselineFirst = repeat % 2 == 1;
        var before = isBaselineFirst ? await MeasureAsync(noops!, "noop", ct) : null;
        var use = await MeasureAsync(chains!, "workflows", ct);
        use = use with { Executions = use.Executions * WorkflowPack.ChainLength };
        var baseline = before ?? await MeasureAsync(noops!, "noop", ct);
        return new([new(figure, use.PerSecond, baseline.PerSecond)]) { CpuUses = [use, baseline] };
    }

    public ValueTask DisposeAsync() => lifetime.DisposeAsync();

    async Task<CpuUse> MeasureAsync(ExecutionLoad load, string phase, CancellationToken ct)
    {
        await postgres!.CheckpointAsync(ct);
        await cpu!.SettleAsync(ct);
        return await load.RunAsync(cpu, phase, settings.Window, ct);
    }
}
