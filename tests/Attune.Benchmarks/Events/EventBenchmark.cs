using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Installations;
using Attune.Benchmarks.Profiling;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Benchmarks.Events;

/// <summary>
/// The whole chain: gRPC client → event → three rules, of which one matches → enforcement → execution → agent → the client sees it
/// completed, every row durable, against the same no-ops started directly.
/// </summary>
sealed class EventBenchmark(BenchSettings settings) : IBenchmark
{
    const int Slots = 1024;
    const int BatchSize = 100;
    const int BatchesInFlight = 10;

    readonly Figure figure = new("events to completed executions", "/s", 0, "noop", Target.AtLeast(0.60));
    readonly Lifetime lifetime = new();
    DurablePostgres? postgres;
    ExecutionLoad? events;
    ExecutionLoad? noops;
    CpuMeter? cpu;

    public string Name => "events";

    public async Task PrepareAsync(CancellationToken ct)
    {
        var installation = lifetime.Owns(await Installation.StartAsync(settings.Clock, ct));
        postgres = installation.Postgres;
        await EventPack.InstallAsync(installation, ct);
        var agent = lifetime.Owns(await installation.StartAgentAsync("bench", Slots, ct));
        noops = ExecutionLoad.Of(installation, "core.noop", BatchSize, BatchesInFlight, settings.Clock);
        events = new(installation, stop => EmitAsync(installation, stop), BatchesInFlight, settings.Clock);
        cpu = new(
            new Dictionary<string, int> { ["server"] = installation.ServerProcessId, ["agent"] = agent.Process.Id },
            postgres.ProcessId,
            settings.Clock);

        await noops.WarmUpAsync(cpu, ct);
        await events.WarmUpAsync(cpu, ct);
    }

    public async Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct)
    {
        var isBaselineFirst = repeat % 2 == 1;
        var before = isBaselineFirst ? await MeasureAsync(noops!, "noop", ct) : null;
        var use = await MeasureAsync(events!, "events", ct);
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

    static readonly EmitEventsRequest Batch = new()
    {
        Items =
        {
            Enumerable.Repeat(
                new EmitEventsItem
                {
                    TriggerRef = EventPack.TriggerRef,
                    Payload = Struct.Parser.ParseJson("""{"kind": "a", "size": 4096, "host": "db-1.example.com"}"""),
                },
                BatchSize),
        },
    };

    static async Task<IReadOnlyCollection<long>> EmitAsync(Installation installation, CancellationToken ct)
    {
        var answer = await installation.Events.EmitEventsAsync(Batch, installation.Admin, cancellationToken: ct);
        var ids = answer.Events.SelectMany(each => each.ExecutionIds).ToArray();
        return ids.Length == BatchSize ? ids : throw new InvalidOperationException($"{BatchSize} events started {ids.Length} executions.");
    }
}
