using Attune.Benchmarks.Agents;
using Attune.Benchmarks.Events;
using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Latency;
using Attune.Benchmarks.Noop;
using Attune.Benchmarks.Reporting;
using Attune.Benchmarks.Rules;
using Attune.Benchmarks.Starts;
using Attune.Benchmarks.Timers;
using Attune.Benchmarks.Webhooks;
using Attune.Benchmarks.Workflows;

namespace Attune.Benchmarks;

/// <summary>One benchmark after the other, each with an installation of its own, then the report.</summary>
sealed class Bench(BenchArguments arguments, TimeProvider clock)
{
    public async Task<int> RunAsync(CancellationToken ct)
    {
        var machine = await MachineFacts.ReadAsync(clock, ct);
        Console.Out.WriteLine(machine.ToText());

        var settings = new BenchSettings(arguments.Window, clock);
        var runner = new BenchmarkRunner(arguments.Repeats, Console.Error);
        var results = new List<BenchmarkResult>();
        foreach (var name in arguments.Names)
        {
            await using var benchmark = Create(name, settings);
            results.Add(await runner.RunAsync(benchmark, ct));
        }

        Console.Out.WriteLine(new ResultTable(results).ToText());
        foreach (var result in results.Where(result => arguments.Profile || !result.Passed))
            Console.Out.Write(new CpuTable(result).ToText());
        if (arguments.JsonFile is { } file)
            await new JsonReport(machine, results).WriteAsync(file, ct);
        return results.TrueForAll(result => result.Passed) ? 0 : 1;
    }

    static IBenchmark Create(string name, BenchSettings settings) => name switch
    {
        "noop" => new NoopBenchmark(settings),
        "latency" => new LatencyBenchmark(settings),
        "process" => new ProcessBenchmark(settings),
        "events" => new EventBenchmark(settings),
        "rules" => new RuleBenchmark(settings),
        "webhook" => new WebhookBenchmark(settings),
        "timers" => new TimerBenchmark(settings),
        "workflows" => new WorkflowBenchmark(settings),
        "successor" => new SuccessorBenchmark(settings),
        "items" => new ItemsBenchmark(settings),
        "paused" => new PausedBenchmark(settings),
        "agent" => new AgentBenchmark(settings),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "No such benchmark."),
    };
}
