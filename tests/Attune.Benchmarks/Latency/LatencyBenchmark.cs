using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Installations;
using Attune.Server.Storage;

namespace Attune.Benchmarks.Latency;

/// <summary>
/// How soon a single run begins on an idle installation, against the parts nobody can do without, each measured alone and added up:
/// one durable insert, one empty call, one hop on a stream.
/// </summary>
sealed class LatencyBenchmark(BenchSettings settings) : IBenchmark
{
    const int Blocks = 5;
    const int SamplesPerBlock = 80;
    const string Parts = "insert + call + hop";
    static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(2);

    readonly Figure median = new("start latency p50", "µs", 0, Parts, Target.AtMost(2.5));
    readonly Figure slow = new("start latency p99", "µs", 0, Parts, Target.AtMost(5));
    readonly Figure received = Part("  of it, until the server stores it");
    readonly Figure answered = Part("  beside it, the answer");
    readonly Figure[] partFigures = [Part("  baseline: insert"), Part("  baseline: call"), Part("  baseline: hop")];
    readonly Lifetime lifetime = new();
    StartOnce? start;
    LatencyProbe? product;
    LatencyProbe[] parts = [];

    public string Name => "latency";

    public async Task PrepareAsync(CancellationToken ct)
    {
        var installation = lifetime.Owns(await Installation.StartAsync(settings.Clock, ct));
        lifetime.Owns(await installation.StartAgentAsync("bench", slots: 8, ct));
        start = new(installation, RestAsync);
        product = new(start.RunAsync, RestAsync);

        var baseline = await BaselineDatabase.CreateAsync(installation.Postgres, ct);
        var insert = lifetime.Owns(await InsertOnce.PrepareAsync(
            Database.Open(new() { ConnectionString = baseline }, "attune-bench"), ct));
        var echo = lifetime.Owns(await EchoProcess.StartAsync(ct));
        var hop = new DuplexHop(echo.Channel);
        parts = [new(insert.RunAsync, RestAsync), new(new EmptyCall(echo.Channel).RunAsync, RestAsync), new(hop.RunAsync, RestAsync)];

        // Until the JIT has compiled the hot paths a second time everywhere.
        foreach (var probe in parts.Append(product))
            await probe.TakeAsync(200, ct);
        Collect();
    }

    public async Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct)
    {
        LatencyProbe[] turns = repeat % 2 == 0 ? [product!, .. parts] : [.. parts, product!];
        for (var block = 0; block < Blocks; block++)
        {
            foreach (var probe in turns)
                await probe.TakeAsync(SamplesPerBlock, ct);
        }

        return Collect();
    }

    public ValueTask DisposeAsync() => lifetime.DisposeAsync();

    RepeatOutcome Collect()
    {
        var (whole, each, stages) = (product!.Collect(), parts.Select(part => part.Collect()).ToArray(), start!.Collect());
        return new(
        [
            new(median, whole.Median, each.Sum(part => part.Median)),
            new(slow, whole.Percentile(0.99), each.Sum(part => part.Percentile(0.99))),
            new(received, stages.Received.Median),
            new(answered, stages.Answered.Median),
            .. partFigures.Zip(each, (figure, part) => new Measurement(figure, part.Median)),
        ]);
    }

    static Figure Part(string name) => new($"{name} p50", "µs", 0, null, null);

    Task RestAsync(CancellationToken ct) => Task.Delay(Rest, settings.Clock, ct);
}
