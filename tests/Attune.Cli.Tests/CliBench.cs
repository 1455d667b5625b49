using Attune.Cli.Tests.Planes;
using Attune.Testing;

namespace Attune.Cli.Tests;

/// <summary>A fake control plane, an own configuration file, and the real `attune` process.</summary>
public sealed class CliBench : IAsyncDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("attune-cli-").FullName;

    CliBench(FakeControlPlane plane) => Plane = plane;

    public FakeControlPlane Plane { get; }

    public string ConfigFile => Path.Combine(folder, "attune", "config.json");

    public string Folder => folder;

    public static async Task<CliBench> StartAsync() => new(await FakeControlPlane.StartAsync());

    public Task<CliRun> RunAsync(params string[] args) => RunAsync(null, args);

    public async Task<CliRun> RunAsync(string? input, string[] args, params (string Name, string Value)[] environment)
    {
        await using var process = Start(input, args, environment);
        var code = await process.ExitAsync(Waiting.SoonEnough);
        return new(code, process.Output, process.Errors);
    }

    public RunningProcess Start(string? input, string[] args, params (string Name, string Value)[] environment)
        => RunningProcess.Start(BuiltProgram.Cli, args, Environment(environment), input);

    /// <summary>The same on a pseudo-terminal, which util-linux's script(1) makes.</summary>
    public async Task<CliRun> OnTerminalAsync(string typed, string command, params (string Name, string Value)[] environment)
    {
        var shell = $"stty cols 200; '{BuiltProgram.Cli}' {command}";
        await using var process = RunningProcess.Start(
            "script", ["-qec", shell, "/dev/null"], Environment([("TERM", "xterm"), .. environment]), typed);
        var code = await process.ExitAsync(Waiting.SoonEnough);
        return new(code, process.Output, process.Errors);
    }

    public async Task LogInAsync()
    {
        var login = await RunAsync(FakeIdentities.Password + "\n", ["login", "--login", "ada", "--password-stdin"]);
        Assert.Equal("", login.Output);
        Assert.Equal(0, login.ExitCode);
    }

    public string Write(string name, string text)
    {
        var file = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return file;
    }

    public async ValueTask DisposeAsync()
    {
        await Plane.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    public Dictionary<string, string> Environment(params (string Name, string Value)[] more)
    {
        var all = new Dictionary<string, string> { ["ATTUNE_CONFIG"] = ConfigFile, ["ATTUNE_SERVER"] = Plane.Address };
        foreach (var (name, value) in more)
            all[name] = value;
        return all;
    }
}
