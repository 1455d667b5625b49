using System.Globalization;
using Attune.Benchmarks.Harness;
using Attune.Benchmarks.Installations;

namespace Attune.Benchmarks.Agents;

/// <summary>What the agent asks of its host: the size of its file, its memory when idle, and how soon it is ready.</summary>
sealed class AgentBenchmark(BenchSettings settings) : IBenchmark
{
    const string AgentName = "bench";
    const double Megabyte = 1024 * 1024;

    readonly Figure size = new("agent file", "MB", 1, null, Target.AtMost(25));
    readonly Figure memory = new("agent resident, idle", "MB", 1, null, Target.AtMost(60));
    readonly Figure ready = new("agent ready", "s", 2, null, Target.AtMost(0.5));
    readonly Figure joined = new("agent ready, first start", "s", 2, null, null);
    readonly Lifetime lifetime = new();
    Installation? installation;
    string program = "";

    public string Name => "agent";

    public async Task PrepareAsync(CancellationToken ct)
    {
        installation = lifetime.Owns(await Installation.StartAsync(settings.Clock, ct));
        program = await PublishedAgent.PublishAsync(Path.Combine(installation.Postgres.Scratch, "publish"), ct);

        // Once, for the file cache and the server's own first time.
        await using var agent = await BenchAgent.StartAsync(installation, program, "warm-up", slots: 8, ct);
        await WorkerConnection.UntilAsync(installation, "warm-up", isConnected: true, ct);
    }

    public async Task<RepeatOutcome> RepeatAsync(int repeat, CancellationToken ct)
    {
        var name = $"{AgentName}-{repeat}";
        var start = settings.Clock.GetTimestamp();
        await using var agent = await BenchAgent.StartAsync(installation!, program, name, slots: 8, ct);
        var first = await ReadyAsync(name, start, ct);

        await agent.StopAsync(ct);
        await WorkerConnection.UntilAsync(installation!, name, isConnected: false, ct);
        start = settings.Clock.GetTimestamp();
        await agent.RestartAsync();
        var again = await ReadyAsync(name, start, ct);

        await Task.Delay(settings.Window, settings.Clock, ct);
        return new(
        [
            new(size, new FileInfo(program).Length / Megabyte),
            new(memory, ResidentMegabytes(agent.Process.Id)),
            new(ready, again),
            new(joined, first),
        ]);
    }

    public ValueTask DisposeAsync() => lifetime.DisposeAsync();

    async Task<double> ReadyAsync(string name, long start, CancellationToken ct)
    {
        await WorkerConnection.UntilAsync(installation!, name, isConnected: true, ct);
        return settings.Clock.GetElapsedTime(start).TotalSeconds;
    }

    static double ResidentMegabytes(int processId)
    {
        // "VmRSS:     48296 kB"
        var line = File.ReadLines($"/proc/{processId}/status").First(each => each.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }
}
