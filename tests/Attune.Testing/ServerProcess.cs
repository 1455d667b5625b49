using System.Text.Json;
using Npgsql;

namespace Attune.Testing;

/// <summary>A real `attune-server` on a database and a loopback port of its own; several on one database are replicas.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    readonly string directory;
    readonly int port;

    ServerProcess(RunningProcess process, string directory, int port, int httpPort)
    {
        (Process, this.directory, this.port) = (process, directory, port);
        (Address, HttpAddress) = ($"http://127.0.0.1:{port}", $"http://127.0.0.1:{httpPort}");
    }

    public RunningProcess Process { get; private set; }

    public string Address { get; }

    /// <summary>Of the port for webhooks and /healthz.</summary>
    public string HttpAddress { get; }

    /// <summary>What PostgreSQL calls its connections: no other server has it.</summary>
    public string ApplicationName => ApplicationNameIn(directory);

    /// <summary>`attune-server run`, listening.</summary>
    /// <param name="connectionString">A migrated database.</param>
    /// <param name="masterKeyFile">The same for all replicas of a database.</param>
    /// <param name="settings">More of them, as `Section:Key`.</param>
    /// <param name="ct">Ends the waiting.</param>
    public static async Task<ServerProcess> StartAsync(
        string connectionString, string masterKeyFile, IReadOnlyDictionary<string, string> settings, CancellationToken ct)
    {
        var directory = Directory.CreateTempSubdirectory("attune-server-").FullName;
        var port = FreePort.Take();
        var httpPort = FreePort.Take();

        // A file, since a password in the connection string may be neither an argument nor an environment variable.
        var config = ConfigIn(directory);
        var all = new Dictionary<string, string>(settings)
        {
            ["Storage:ConnectionString"] = new NpgsqlConnectionStringBuilder(connectionString)
            {
                ApplicationName = ApplicationNameIn(directory),
            }.ConnectionString,
            ["Server:Listen:0"] = $"http://127.0.0.1:{port}",
            ["Http:Listen:0"] = $"http://127.0.0.1:{httpPort}",
            ["Server:StateDirectory"] = directory,
            ["Security:MasterKeyFile"] = masterKeyFile,
        };
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(all), ct);

        var server = new ServerProcess(RunningProcess.Start(BuiltProgram.Server, ["run", "--config", config]), directory, port, httpPort);
        try
        {
            await server.UntilListeningAsync(ct);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it again at the same address, after it was killed or asked to end.</summary>
    public async Task RestartAsync(CancellationToken ct)
    {
        await Process.DisposeAsync();
        Process = RunningProcess.Start(BuiltProgram.Server, ["run", "--config", ConfigIn(directory)]);
        await UntilListeningAsync(ct);
    }

    /// <summary>`attune-server create-admin`, as the operator of the host does it.</summary>
    public async Task CreateAdminAsync(string login, string password, CancellationToken ct)
    {
        await using var process = RunningProcess.Start(
            BuiltProgram.Server, ["create-admin", login, "--config", ConfigIn(directory)], input: password + "\n");
        if (await process.ExitAsync(ct) is not 0)
            throw new InvalidOperationException($"create-admin failed:\n{process.Both}");
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    static string ApplicationNameIn(string directory) => Path.GetFileName(directory);

    static string ConfigIn(string directory) => Path.Combine(directory, "server.json");

    async Task UntilListeningAsync(CancellationToken ct)
    {
        await Waiting.UntilAsync(
            async () => Process.HasExited || await FreePort.AnswersAsync(port, ct), "the server listens", ct);
        if (Process.HasExited)
            throw new InvalidOperationException($"The server ended while it started:\n{Process.Both}");
    }
}
