using System.Diagnostics;
using System.Text;
using Attune.Packs.Archives;
using Attune.V1;

namespace Attune.Agent.Tests.Session;

/// <summary>The program itself, as a child process.</summary>
sealed class AgentProgram : IAsyncDisposable
{
    readonly StringBuilder said = new();

    AgentProgram(Process process)
    {
        Process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Process Process { get; }

    public string Said
    {
        get
        {
            lock (said)
                return said.ToString();
        }
    }

    public static AgentProgram Start(FakeControlPlane plane, string state)
        => Start("run", "--server", plane.Address.ToString(), "--name", "agent-1", "--state-dir", state, "--slots", "4");

    public static AgentProgram Start(params ReadOnlySpan<string> arguments)
    {
        // Not the copy beside the tests: that one relies on the tests' ASP.NET for its logging.
        var program = Path.Combine(AppContext.BaseDirectory.Replace("tests/Attune.Agent.Tests", "agents/Attune.Agent", StringComparison.Ordinal), "attune-agent.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ATTUNE_AGENT_JOIN_TOKEN"] = "atj_secret";
        return new(Process.Start(start)!);
    }

    public async Task<int> EndAsync()
    {
        await Process.WaitForExitAsync(Soon.Enough);
        return Process.ExitCode;
    }

    public Task SignalAsync(string signal) => Process.Start("kill", [signal, Process.Id.ToString()]).WaitForExitAsync(Soon.Enough);

    /// <summary>A release with one shell script; returns the spec that runs it.</summary>
    public static ActionSpec Publish(FakeControlPlane plane, string script)
    {
        var source = Directory.CreateTempSubdirectory("attune-pack-").FullName;
        File.WriteAllText(Path.Combine(source, "act.sh"), script);
        var archive = PackArchive.Write(PackFiles.FromDirectory(source, []));
        Directory.Delete(source, recursive: true);
        var digest = PackArchive.DigestOf(archive);
        plane.Releases[digest] = archive;
        return new()
        {
            SpecId = 1,
            ActionRef = "test.act",
            PackRef = "test",
            PackVersion = "1.0.0",
            ReleaseDigest = digest,
            EntryPoint = "act.sh",
            RuntimeRef = "core.shell",
            Runtime = new() { InterpreterBinary = "bash" },
            ParameterDelivery = ParameterDelivery.Stdin,
            ParameterFormat = ParameterFormat.Json,
            OutputFormat = OutputFormat.Json,
        };
    }

    public async ValueTask DisposeAsync()
    {
        if (!Process.HasExited)
            Process.Kill(entireProcessTree: true);
        await EndAsync();
        Process.Dispose();
    }

    void Keep(string? line)
    {
        lock (said)
            said.AppendLine(line);
    }
}
