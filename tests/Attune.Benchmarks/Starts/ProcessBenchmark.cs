using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Installations;
using Attune.Benchmarks.Profiling;

namespace Attune.Benchmarks.Starts;

/// <summary>Executions that each start a process and have its output captured, against a bare loop of Process.Start.</summary>
sealed class ProcessBenchmark(BenchSettings settings) : IBenchmark
{
    const int Parallelism = 32;
    const int BatchSize = 16;
    const int BatchesInFlight = 4;

    readonly Figure figure = new("process executions", "/s", 0, "Process.Start", Target.AtLeast(0.40));
    readonly Lifetime lifetime = new();
    readonly BareProcesses baseline = new(BenchPack.Program, Parallelism, settings.Clock);
    ExecutionLoad? load;
    CpuMeter? cpu;

    public string Name => "process";

    public async Task PrepareAsync(CancellationToken ct)
    {
        var installation = lifetime.Owns(await Installation.StartAsync(settings.Clock, ct));
        await BenchPack.InstallAsync(installation, ct);
        var agent = lifetime.Owns(await installation.StartAgentAsync("bench", Parallelism, ct));
        load = ExecutionLoad.Of(installation, BenchPack.ActionRef, BatchSize, BatchesInFlight, settings.Clock);
        cpu = new(
            new Dictionary<string, int> { ["server"] = installation.ServerProcessId, ["agent"] = agent.Process.Id },
            installation.Postgres.ProcessId,
            settings.Clock);

        await load.WarmUpAsync(cpu, ct);
        await baseline.RunAsync(TimeSpan.FromSeconds(1), ct);
    }

    public async Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct)
    {
        var isBaselineFirst = repeat % 2 == 1;
        var before = isBaselineFirst ? await MeasureBaselineAsync(ct) : null;
        await cpu!.SettleAsync(ct);
        var use = await load!.RunAsync(cpu, "product", settings.Window, ct);
        var baselineUse = before ?? await MeasureBaselineAsync(ct);
        return new([new(figure, use.PerSecond, baselineUse.PerSecond)]) { CpuUses = [use, baselineUse] };
    }

    public ValueTask DisposeAsync() => lifetime.DisposeAsync();

    async Task<CpuUse> MeasureBaselineAsync(CancellationToken ct)
    {
        await cpu!.SettleAsync(ct);
        var start = cpu.Read();
        var perSecond = await baseline.RunAsync(settings.Window, ct);
        var use = cpu.Since(start, "Process.Start", 0);
        return use with { Executions = perSecond * use.Wall.TotalSeconds };
    }
}
