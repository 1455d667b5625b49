namespace Attune.Testing;

/// <summary>A real `attune-server dev`: its own PostgreSQL, the server and, unless told otherwise, an agent.</summary>
public sealed class DevProcess : IAsyncDisposable
{
    DevProcess(RunningProcess process, string address, string cliConfig)
        => (Process, Address, CliConfig) = (process, address, cliConfig);

    public RunningProcess Process { get; }

    public string Address { get; }

    /// <summary>The configuration file, with the login, that it wrote for the command line.</summary>
    public string CliConfig { get; }

    /// <param name="stateDirectory">Kept, so that it can be started again; other users must be able to pass into its parent.</param>
    /// <param name="options">More arguments, such as `--no-agent`.</param>
    /// <param name="ct">Ends the waiting.</param>
    public static async Task<DevProcess> StartAsync(string stateDirectory, IReadOnlyList<string> options, CancellationToken ct)
    {
        var port = FreePort.Take();
        var cliConfig = Path.Combine(stateDirectory, "cli.json");
        var process = RunningProcess.Start(
            BuiltProgram.Server,
            ["dev", "--state-dir", stateDirectory, "--port", $"{port}", .. options],
            new Dictionary<string, string> { ["ATTUNE_CONFIG"] = cliConfig });
        try
        {
            await process.UntilPrintedAsync("Attune is ready", ct);
            return new(process, $"http://127.0.0.1:{port}", cliConfig);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
