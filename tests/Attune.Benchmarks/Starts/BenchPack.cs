using Attune.Benchmarks.Installations;

namespace Attune.Benchmarks.Starts;

/// <summary>A pack with one action that is the system's own `true`, installed as any pack is.</summary>
static class BenchPack
{
    public const string ActionRef = "bench.nothing";
    public const string Program = "/bin/true";

    const string Pack = """
        ref: bench
        label: Benchmark
        description: What ./dev bench runs
        version: 1.0.0
        """;

    const string Action = """
        ref: bench.nothing
        label: The shortest program there is
        description: Starts a process that ends at once
        runtime: core.native
        entry_point: nothing
        output_format: text
        """;

    public static async Task InstallAsync(Installation installation, CancellationToken ct)
    {
        var directory = Path.Combine(installation.Postgres.Scratch, "pack");
        Directory.CreateDirectory(Path.Combine(directory, "actions"));
        await File.WriteAllTextAsync(Path.Combine(directory, "pack.yaml"), Pack, ct);
        await File.WriteAllTextAsync(Path.Combine(directory, "actions", "nothing.yaml"), Action, ct);
        File.Copy(Program, Path.Combine(directory, "actions", "nothing"));

        await installation.InstallPackAsync(directory, ct);
    }
}
