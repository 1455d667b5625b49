using System.Security.Cryptography;
using System.Text;
using Attune.Protos.Client;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.EndToEnd.Tests;

/// <summary>One installation of real processes: a database of its own, servers and agents as they are needed, and an admin who is logged in.</summary>
public sealed class Site : IAsyncDisposable
{
    public const string AdminLogin = "admin";
    public const string AdminPassword = "a horse, a battery and a staple";

    readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("attune-site-");
    readonly List<ServerProcess> servers = [];
    readonly List<AgentProcess> agents = [];
    readonly List<AttuneClient> clients = [];
    readonly Dictionary<string, string> settings;

    Site(DatabaseBench database, Dictionary<string, string> settings) => (Database, this.settings) = (database, settings);

    public DatabaseBench Database { get; }

    public IReadOnlyList<ServerProcess> Servers => servers;

    /// <summary>The admin, at the first server.</summary>
    public AttuneClient Client => clients[0];

    /// <summary>All that the servers and agents have printed so far.</summary>
    public IEnumerable<string> Outputs => [.. servers.Select(each => each.Process.Both), .. agents.Select(each => each.Process.Both)];

    /// <summary>For files that actions and tests share; gone with the site.</summary>
    public string Folder => directory.FullName;

    /// <summary>One server and no agent.</summary>
    public static async Task<Site> StartAsync(CancellationToken ct, params (string Key, string Value)[] settings)
    {
        var site = new Site(await DatabaseBench.CreateAsync(ct), settings.ToDictionary(each => each.Key, each => each.Value));
        try
        {
            await site.WriteMasterKeyAsync(ct);
            var server = await site.AddServerAsync(ct);
            await server.CreateAdminAsync(AdminLogin, AdminPassword, ct);
            site.clients.Add(await site.LogInAsync(server, ct));
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another replica on the same database.</summary>
    public async Task<ServerProcess> AddServerAsync(CancellationToken ct)
    {
        var server = await ServerProcess.StartAsync(Database.ConnectionString, MasterKeyFile, settings, ct);
        servers.Add(server);
        return server;
    }

    public async Task<AttuneClient> LogInAsync(ServerProcess server, CancellationToken ct)
    {
        var client = new AttuneClient(new() { Address = new(server.Address), AttemptsMax = 8 });
        clients.Add(client);
        await client.LoginAsync(AdminLogin, AdminPassword, ct);
        return client;
    }

    /// <summary>An agent that has joined and is connected.</summary>
    /// <param name="name">The worker's.</param>
    /// <param name="options">More arguments, such as `--label`, `zone=edge`.</param>
    /// <param name="ct">Ends the waiting.</param>
    public Task<AgentProcess> AddAgentAsync(string name, IReadOnlyList<string> options, CancellationToken ct)
        => AddAgentAsync(servers[0], name, options, ct);

    public async Task<AgentProcess> AddAgentAsync(ServerProcess server, string name, IReadOnlyList<string> options, CancellationToken ct)
    {
        var made = await Client.Workers.CreateJoinTokenAsync(new() { Role = WorkerRole.Hybrid }, cancellationToken: ct);
        var file = Path.Combine(Folder, $"{name}.token");
        await File.WriteAllTextAsync(file, made.Token, ct);
        var agent = AgentProcess.Start(server.Address, file, name, options);
        agents.Add(agent);
        await UntilAsync(name, worker => worker.Connected, ct);
        return agent;
    }

    /// <summary>Ends an agent that only one test needed.</summary>
    public async Task RemoveAsync(AgentProcess agent)
    {
        agents.Remove(agent);
        await agent.DisposeAsync();
    }

    /// <summary>Waits until an agent is what the test needs.</summary>
    public Task UntilAsync(string agent, Func<Worker, bool> condition, CancellationToken ct)
        => Waiting.UntilAsync(
            async () => (await Client.Workers.ListWorkersAsync(new(), cancellationToken: ct)).Workers
                .Any(worker => worker.Name == agent && condition(worker)),
            () => $"agent {agent} among:\n{string.Join('\n', Outputs)}",
            ct);

    /// <summary>Starts an action; `{}` is what a JSON object of parameters looks like.</summary>
    public async Task<long> StartAsync(
        string action, string parameters, CancellationToken ct, Action<StartExecutionRequest>? adjust = null)
    {
        var request = new StartExecutionRequest { ActionRef = action, Parameters = Struct.Parser.ParseJson(parameters) };
        adjust?.Invoke(request);
        return (await Client.Executions.StartExecutionAsync(request, cancellationToken: ct)).Execution.Id;
    }

    /// <summary>Starts an action and waits for its end.</summary>
    public async Task<Execution> RunAsync(
        string action, string parameters, CancellationToken ct, Action<StartExecutionRequest>? adjust = null)
        => await EndAsync(await StartAsync(action, parameters, ct, adjust), ct);

    /// <summary>The execution in its final state. Asks again and again, so that servers may come and go meanwhile.</summary>
    public Task<Execution> EndAsync(long id, CancellationToken ct)
        => UntilAsync(id, execution => execution.Status is ExecutionStatus.Completed or ExecutionStatus.Failed or ExecutionStatus.Cancelled
            or ExecutionStatus.Timeout or ExecutionStatus.Abandoned, ct);

    /// <summary>Waits until an execution is what the test needs.</summary>
    public Task<Execution> UntilAsync(long id, Func<Execution, bool> condition, CancellationToken ct)
        => Waiting.ForAsync(() => GetAsync(id, ct), condition, $"execution {id}", ct);

    public async Task<Execution> GetAsync(long id, CancellationToken ct)
        => (await Client.Executions.GetExecutionAsync(new() { ExecutionId = id }, cancellationToken: ct)).Execution;

    public async Task<ExplainExecutionResponse> ExplainAsync(long id, CancellationToken ct)
        => await Client.Executions.ExplainExecutionAsync(new() { ExecutionId = id }, cancellationToken: ct);

    public async Task<IReadOnlyList<LogChunk>> ReadLogAsync(long id, CancellationToken ct)
    {
        using var call = Client.Executions.StreamExecutionLogs(new() { ExecutionId = id }, cancellationToken: ct);
        var chunks = new List<LogChunk>();
        await foreach (var answer in call.ResponseStream.ReadAllAsync(ct))
            chunks.AddRange(answer.Chunks);
        return chunks;
    }

    /// <summary>One stream of the log as text; null: all of them.</summary>
    public async Task<string> ReadLogTextAsync(long id, CancellationToken ct, LogStream? stream = null)
        => Encoding.UTF8.GetString(
        [
            .. (await ReadLogAsync(id, ct)).Where(chunk => stream is null || chunk.Stream == stream).SelectMany(chunk => chunk.Content),
        ]);

    public async ValueTask DisposeAsync()
    {
        foreach (var client in clients)
            client.Dispose();
        foreach (var agent in agents)
            await agent.DisposeAsync();
        foreach (var server in servers)
            await server.DisposeAsync();
        await Database.DisposeAsync();
        directory.Delete(recursive: true);
    }

    string MasterKeyFile => Path.Combine(Folder, "master.keys");

    async Task WriteMasterKeyAsync(CancellationToken ct)
    {
        await File.WriteAllTextAsync(MasterKeyFile, $"test:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}\n", ct);
        File.SetUnixFileMode(MasterKeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
