using System.Collections.Concurrent;
using System.Diagnostics;
using Attune.Server.Hosting;
using Attune.Server.Storage;

namespace Attune.Server.Dev;

/// <summary>The local agent: a real one, as a child process that joins like any other.</summary>
sealed class AgentProcess : IAsyncDisposable
{
    const string FileName = "attune-agent";
    const int LinesKept = 20;

    // Longer than the agent's own grace for the jobs that it runs.
    static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(20);

    readonly Process process;
    readonly TimeProvider clock;
    readonly ConcurrentQueue<string> lastLines = new();

    AgentProcess(Process process, TimeProvider clock) => (this.process, this.clock) = (process, clock);

    public Task Ended => process.WaitForExitAsync(CancellationToken.None);

    public string LastLines => string.Join('\n', lastLines);

    /// <summary>What the user named, else what lies beside the server, else what the source tree's last build left.</summary>
    /// <exception cref="OperatorException">There is none.</exception>
    public static string Find(string? given)
    {
        if (given is not null)
            return File.Exists(given) ? given : throw new OperatorException($"--agent-binary: '{given}' does not exist.");

        return Candidates().FirstOrDefault(File.Exists) ?? throw new OperatorException(
            $"No {FileName} beside this server. Build it, name it with --agent-binary, or start with --no-agent.");
    }

    /// <summary>The token goes through a file: arguments and environments can be read by others.</summary>
    public static AgentProcess Start(string binary, string server, string name, DevDirectory directory, TimeProvider clock)
    {
        var start = new ProcessStartInfo(binary)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            ArgumentList =
            {
                "--server", server, "--name", name, "--role", "hybrid", "--state-dir", directory.Agent,
                "--join-token-file", directory.JoinToken,
            },
        };
        var agent = new AgentProcess(Process.Start(start)!, clock);
        agent.process.OutputDataReceived += (_, line) => agent.Keep(line.Data);
        agent.process.ErrorDataReceived += (_, line) => agent.Keep(line.Data);
        agent.process.BeginOutputReadLine();
        agent.process.BeginErrorReadLine();
        return agent;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            // SIGTERM: it hands back what it can and keeps the rest for its next start.
            await CommandRun.RunAsync(["kill", "-TERM", $"{process.Id}"], CancellationToken.None);
            using var patience = new CancellationTokenSource(StopTimeout, clock);
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        process.Dispose();
    }

    void Keep(string? line)
    {
        if (line is null)
            return;

        Console.WriteLine($"agent | {line}");
        lastLines.Enqueue(line);
        while (lastLines.Count > LinesKept)
            lastLines.TryDequeue(out _);
    }

    static IEnumerable<string> Candidates()
    {
        yield return Path.Combine(AppContext.BaseDirectory, FileName);

        // src/Attune.Server/bin/<configuration>/net10.0/ of the source tree.
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        if (framework is { Parent: { Parent.Parent.Parent.Parent: { } root } configuration })
            yield return Path.Combine(root.FullName, "agents", "Attune.Agent", "bin", configuration.Name, framework.Name, FileName);
    }
}
