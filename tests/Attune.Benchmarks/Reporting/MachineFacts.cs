using System.Globalization;
using System.Runtime.InteropServices;
using Attune.Server.Storage;
using Attune.Testing;

namespace Attune.Benchmarks.Reporting;

/// <summary>What a figure means nothing without.</summary>
sealed record MachineFacts
{
    public required DateTimeOffset Time { get; init; }
    public required string Commit { get; init; }
    public required string Cpu { get; init; }
    public required int Cores { get; init; }
    public required double MemoryGigabytes { get; init; }
    public required string Kernel { get; init; }
    public required string Postgres { get; init; }
    public required string DotNet { get; init; }

    /// <summary>Over the last minute, before anything was started here: what else the machine does.</summary>
    public required double LoadBefore { get; init; }

    public static async Task<MachineFacts> ReadAsync(TimeProvider clock, CancellationToken ct) => new()
    {
        Time = clock.GetUtcNow(),
        Commit = await ReadCommitAsync(ct),
        Cpu = Find("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Cores = Environment.ProcessorCount,
        MemoryGigabytes = double.Parse(Find("/proc/meminfo", "MemTotal")!.Split(' ')[0], CultureInfo.InvariantCulture) / 1024 / 1024,
        Kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        Postgres = await ReadPostgresAsync(ct),
        DotNet = Environment.Version.ToString(),
        LoadBefore = double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture),
    };

    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"""
        commit      {Commit}, {Time:yyyy-MM-dd HH:mm} UTC
        machine     {Cpu}, {Cores} cores, {MemoryGigabytes:0.0} GB, Linux {Kernel}, load {LoadBefore:0.00} before the start
        PostgreSQL  {Postgres}, a private cluster with fsync and synchronous_commit on
        .NET        {DotNet}
        """);

    static string? Find(string file, string key)
        => File.ReadLines(file)
            .Select(line => line.Split(':', 2))
            .FirstOrDefault(parts => parts.Length == 2 && parts[0].Trim() == key)?[1].Trim();

    static async Task<string> ReadCommitAsync(CancellationToken ct)
    {
        string[] git = ["git", "-C", Repository.Root];
        var commit = await CommandRun.RunAsync([.. git, "rev-parse", "--short=12", "HEAD"], ct);
        var changes = await CommandRun.RunAsync([.. git, "status", "--porcelain"], ct);
        return commit.ExitCode != 0 ? "unknown" : changes.Output is "" ? commit.Output : $"{commit.Output} with changes";
    }

    static async Task<string> ReadPostgresAsync(CancellationToken ct)
    {
        var binaries = await PostgresBinaries.FindAsync(null, null, ct);
        return (await CommandRun.RunAsync([binaries["postgres"], "--version"], ct)).Output.Replace("postgres (PostgreSQL) ", "");
    }
}
