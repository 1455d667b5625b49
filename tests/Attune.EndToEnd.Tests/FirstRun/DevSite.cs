using System.Text.Json;
using Attune.Testing;

namespace Attune.EndToEnd.Tests.FirstRun;

/// <summary>What `./dev up` starts, and the command line with the login that it wrote.</summary>
public sealed class DevSite : IAsyncLifetime
{
    public const string Collection = "first run";

    readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("attune-first-");
    readonly List<AgentProcess> agents = [];

    public DevSite()
    {
        // PostgreSQL's own user must be able to pass.
        directory.UnixFileMode |= UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    }

    /// <summary>One in which it is another time.</summary>
    internal DevSite(DateTimeOffset now) : this() => Clock = new(Folder, now);

    public DevProcess Dev { get; private set; } = null!;

    /// <summary>That of PostgreSQL, the server and its agent; null where it is the machine's.</summary>
    public WallClock? Clock { get; }

    /// <summary>For the files that actions are to look at.</summary>
    public string Folder => directory.FullName;

    public string StateDirectory => Path.Combine(Folder, "state");

    public async Task InitializeAsync()
        => Dev = await DevProcess.StartAsync(StateDirectory, [], Waiting.SoonEnough, Clock?.Environment);

    public async Task DisposeAsync()
    {
        foreach (var agent in agents)
            await agent.DisposeAsync();
        try
        {
            Assert.Equal(0, await Dev.Process.TerminateAsync(Waiting.SoonEnough));
        }
        finally
        {
            await Dev.DisposeAsync();
            Clock?.Dispose();
            directory.Delete(recursive: true);
        }
    }

    /// <summary>One command, as typed after `attune`.</summary>
    public Task<CliRun> AttuneAsync(params IReadOnlyList<string> args) => CliRun.RunAsync(Dev.CliConfig, args, Waiting.SoonEnough);

    /// <summary>One command that must succeed, and its answer for a script.</summary>
    public async Task<JsonElement> AskAsync(params IReadOnlyList<string> args)
    {
        var run = await AttuneAsync([.. args, "-o", "json"]);
        Assert.True(run.ExitCode is 0, $"attune {string.Join(' ', args)}: {run.ExitCode}\n{run.Output}\n{run.Errors}");
        using var document = JsonDocument.Parse(run.Output);
        return document.RootElement.Clone();
    }

    /// <summary>A second agent, joined with a token that the command line made.</summary>
    public async Task AddAgentAsync(string name, string label)
    {
        var made = await AskAsync("agent", "token", "create", "--role", "action", "--label", label);
        var file = Path.Combine(Folder, $"{name}.token");
        await File.WriteAllTextAsync(file, made.GetProperty("token").GetString(), Waiting.SoonEnough);
        var agent = AgentProcess.Start(Dev.Address, file, name);
        agents.Add(agent);
        await Waiting.UntilAsync(
            async () => (await AttuneAsync("worker", "list")).Output.Split('\n')
                .Any(line => line.StartsWith(name, StringComparison.Ordinal) && line.Contains("connected") && !line.Contains("disconnected")),
            () => $"agent {name}:\n{agent.Process.Both}",
            Waiting.SoonEnough);
    }
}

[CollectionDefinition(DevSite.Collection)]
public sealed class DevSiteCollection : ICollectionFixture<DevSite>;
