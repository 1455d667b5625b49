using System.Text;
using Attune.Benchmarks.Installations;
using Attune.Packs.Archives;
using Attune.V1;
using Google.Protobuf;

namespace Attune.Benchmarks.Starts;

/// <summary>A pack with one action that is the system's own `true`, installed as any pack is.</summary>
static class BenchPack
{
    public const string ActionRef = "bench.true";
    public const string Program = "/bin/true";

    const string Pack = """
        ref: bench
        label: Benchmark
        description: What ./dev bench runs
        version: 1.0.0
        """;

    const string Action = """
        ref: bench.true
        label: The shortest program there is
        description: Starts a process that ends at once
        runtime: core.native
        entry_point: true
        output_format: text
        """;

    public static async Task InstallAsync(Installation installation, CancellationToken ct)
    {
        var files = new PackFiles();
        files.Add(new("pack.yaml", IsExecutable: false, Encoding.UTF8.GetBytes(Pack)));
        files.Add(new("actions/true.yaml", IsExecutable: false, Encoding.UTF8.GetBytes(Action)));
        files.Add(new("actions/true", IsExecutable: true, await File.ReadAllBytesAsync(Program, ct)));

        using var call = installation.Packs.InstallPack(installation.Admin, cancellationToken: ct);
        await call.RequestStream.WriteAsync(new() { Header = new() { Source = "bench" } }, ct);
        await call.RequestStream.WriteAsync(new() { Chunk = UnsafeByteOperations.UnsafeWrap(PackArchive.Write(files)) }, ct);
        await call.RequestStream.CompleteAsync();
        await call.ResponseAsync;
    }
}
