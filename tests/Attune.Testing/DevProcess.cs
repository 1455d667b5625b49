namespace Attune.Testing;

/// <summary>A real `attune-server dev`: its own PostgreSQL, the server and, unless told otherwise, an agent.</summary>
public sealed class DevProcess : IAsyncDisposable
{
    DevProcess(RunningProcess process, string address, string httpAddress, string cliConfig)
        => (Process, Address, HttpAddress, CliConfig) = (process, address, httpAddress, cliConfig);

    public RunningProcess Process { get; }

    public string Address { get; }

    /// <summary>Of the port for webhooks and /healthz.</summary>
    public string HttpAddress { get; }

    /// <summary>The configuration file, with the login, that it wrote for the command line.</summary>
    public string CliConfig { get; }

    /// <param name="stateDirectory">Kept, so that it can be started again; other users must be able to pass into its parent.</param>
    /// <param name="options">More arguments, such as `--no-agent`.</param>
    /// <param name="ct">Ends the waiting.</param>
    /// <param name="environment">Added to ours, for all three programs.</param>
    public static async Task<DevProcess> StartAsync(
        string stateDirectory, IReadOnlyList<string> options, CancellationToken ct, IReadOnlyDictionary<string, string>? environment = null)
    {
        var port = FreePort.Take();
        var httpPort = FreePort.Take();
        var cliConfig = Path.Combine(stateDirectory, "cli.json");
        var process = RunningProcess.Start(
            BuiltProgram.Server,
            ["dev", "--state-dir", stateDirectory, "--port", $"{port}", "--http-port", $"{httpPort}", .. options],
            new Dictionary<string, string>(environment ?? new Dictionary<string, string>()) { ["ATTUNE_CONFIG"] = cliConfig });
        try
        {
            await process.UntilPrintedAsync("Attune is ready", ct);
            return new(process, $"http://127.0.0.1:{port}", $"http://127.0.0.1:{httpPort}", cliConfig);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
