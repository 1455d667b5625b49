using System.Globalization;
using Attune.Testing;
using Attune.V1;

namespace Attune.Benchmarks.Installations;

/// <summary>A real agent process. It keeps its state directory, and with it its certificate, over restarts.</summary>
sealed class BenchAgent : IAsyncDisposable
{
    readonly string program;
    readonly string state;
    readonly string[] args;

    BenchAgent(string program, string state, string[] args)
    {
        (this.program, this.state, this.args) = (program, state, args);
        Process = RunningProcess.Start(program, args);
    }

    public RunningProcess Process { get; private set; }

    /// <summary>Makes a join token and starts the agent; it may not have connected yet.</summary>
    public static async Task<BenchAgent> StartAsync(
        Installation installation, string program, string name, int slots, CancellationToken ct)
    {
        var made = await installation.Workers.CreateJoinTokenAsync(
            new() { Role = WorkerRole.Action }, installation.Admin, cancellationToken: ct);
        var token = Path.Combine(installation.Postgres.Scratch, $"{name}.token");
        await File.WriteAllTextAsync(token, made.Token, ct);
        File.SetUnixFileMode(token, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        var state = Path.Combine(installation.Postgres.Scratch, $"{name}.state");
        return new(program, state,
        [
            "--server", installation.Address, "--join-token-file", token, "--name", name, "--state-dir", state,
            "--slots", slots.ToString(CultureInfo.InvariantCulture),
        ]);
    }

    /// <summary>Stops it as an operator would.</summary>
    public Task StopAsync(CancellationToken ct) => Process.TerminateAsync(ct);

    /// <summary>Starts it again on its state.</summary>
    public async Task RestartAsync()
    {
        await Process.DisposeAsync();
        Process = RunningProcess.Start(program, args);
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        if (Directory.Exists(state))
            Directory.Delete(state, recursive: true);
    }
}
