namespace Attune.Testing;

/// <summary>A real `attune-agent` with a state directory of its own, which outlives a restart.</summary>
public sealed class AgentProcess : IAsyncDisposable
{
    readonly IReadOnlyList<string> args;

    AgentProcess(IReadOnlyList<string> args, string stateDirectory)
    {
        (this.args, StateDirectory) = (args, stateDirectory);
        Process = RunningProcess.Start(BuiltProgram.Agent, args);
    }

    public RunningProcess Process { get; private set; }

    public string StateDirectory { get; }

    /// <param name="server">Its address.</param>
    /// <param name="joinTokenFile">Holds the token; the token itself has no place in an argument.</param>
    /// <param name="name">The worker's.</param>
    /// <param name="options">More arguments, such as `--label`, `k=v`, `--slots`, `8`.</param>
    public static AgentProcess Start(string server, string joinTokenFile, string name, params IReadOnlyList<string> options)
    {
        var state = Directory.CreateTempSubdirectory("attune-agent-").FullName;
        return new(
            ["--server", server, "--join-token-file", joinTokenFile, "--name", name, "--state-dir", state, .. options], state);
    }

    /// <summary>Starts it again on the same state, after it was killed or asked to end.</summary>
    public async Task RestartAsync()
    {
        await Process.DisposeAsync();
        Process = RunningProcess.Start(BuiltProgram.Agent, args);
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        Directory.Delete(StateDirectory, recursive: true);
    }
}
