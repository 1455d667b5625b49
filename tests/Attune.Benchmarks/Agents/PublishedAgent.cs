using System.Runtime.InteropServices;
using Attune.Server.Storage;
using Attune.Testing;

namespace Attune.Benchmarks.Agents;

/// <summary>The agent as users get it: one trimmed file that needs no .NET on its host.</summary>
static class PublishedAgent
{
    static string Platform => $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    /// <returns>The file.</returns>
    public static async Task<string> PublishAsync(string directory, CancellationToken ct)
    {
        var project = Path.Combine(Repository.Root, "agents", "Attune.Agent", "Attune.Agent.csproj");
        var run = await CommandRun.RunAsync(
            [
                "dotnet", "publish", project, "-c", "Release", "-r", Platform, "--self-contained", "-p:PublishSingleFile=true",
                "-p:PublishTrimmed=true", "-p:DebugType=none", "-v", "quiet", "-nologo", "-o", directory,
            ],
            ct);
        var file = Path.Combine(directory, "attune-agent");
        return run.ExitCode == 0 && File.Exists(file) ? file : throw new InvalidOperationException($"dotnet publish: {run.Output}");
    }
}
