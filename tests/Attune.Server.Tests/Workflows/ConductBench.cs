using Attune.Packs;
using Attune.Packs.Archives;
using Attune.Server.Tests.Packs;
using Attune.Testing;
using Attune.V1;
using Dapper;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Server.Tests.Workflows;

/// <summary>A server, and a pack `flow` of workflows whose tasks are `core.echo`.</summary>
sealed class ConductBench : IAsyncDisposable
{
    int version;

    ConductBench(ServerBench server) => Server = server;

    public ServerBench Server { get; }

    static CancellationToken Soon => Waiting.SoonEnough;

    public static async Task<ConductBench> StartAsync(params (string Name, string Graph)[] workflows)
    {
        var bench = new ConductBench(await ServerBench.StartAsync(Soon, null, ("Workers:Lease", "00:10:00")));
        await Waiting.UntilAsync(
            async () => await bench.ReadAsync<bool>("select exists (select from action where ref = 'core.echo')"), "the core pack", Soon);
        if (workflows.Length > 0)
            await bench.InstallAsync(workflows);
        return bench;
    }

    public Task<ServerBench> StartReplicaAsync() => ServerBench.StartAsync(Soon, Server, ("Workers:Lease", "00:10:00"));

    public T Get<T>()
        where T : notnull
        => Server.Services.GetRequiredService<T>();

    /// <summary>A task that echoes its own name.</summary>
    public static string Echo(string task, string more = "") => $"  {task}: {{action: core.echo, input: {{message: {task}}}{more}}}\n";

    public Task InstallAsync(params (string Name, string Graph)[] workflows) => InstallAsync("", workflows);

    /// <param name="fields">More of each action's file, as YAML lines.</param>
    /// <param name="workflows">Name and graph.</param>
    public async Task InstallAsync(string fields, params (string Name, string Graph)[] workflows)
    {
        var root = Directory.CreateTempSubdirectory("attune-flow-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(root, "pack.yaml"), $"ref: flow\nlabel: Flow\nversion: 1.0.{version++}\n");
            Directory.CreateDirectory(Path.Combine(root, "actions", "workflows"));
            foreach (var (name, graph) in workflows)
            {
                await File.WriteAllTextAsync(
                    Path.Combine(root, "actions", $"{name}.yaml"), $"ref: flow.{name}\nworkflow_file: workflows/{name}.workflow.yaml\n{fields}");
                await File.WriteAllTextAsync(Path.Combine(root, "actions", "workflows", $"{name}.workflow.yaml"), graph);
            }

            await PackBench.InstallAsync(new(Server.Admin), PackArchive.Write(PackReader.ReadDirectory(root).Files));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    public async Task<long> RunAsync(string name, string parameters = "{}", int? seconds = null)
    {
        var request = new StartExecutionRequest { ActionRef = $"flow.{name}", Parameters = Struct.Parser.ParseJson(parameters) };
        if (seconds is { } limit)
            request.Timeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(limit));
        return (await Server.Executions.StartExecutionAsync(request)).Execution.Id;
    }

    public async Task<IReadOnlyList<long>> RunManyAsync(string name, int count)
    {
        var request = new StartExecutionsRequest();
        request.Items.Add(Enumerable.Range(0, count).Select(_ => new StartExecutionsItem { ActionRef = $"flow.{name}" }));
        return (await Server.Executions.StartExecutionsAsync(request)).ExecutionIds;
    }

    public async Task<Execution> GetAsync(long id) => (await Server.Executions.GetExecutionAsync(new() { ExecutionId = id })).Execution;

    public Task<Execution> UntilFinalAsync(long id) => UntilFinalAsync(Server, id);

    public static async Task<Execution> UntilFinalAsync(ServerBench server, long id)
    {
        // One deadline for the whole wait: an execution that goes round for ever changes for ever.
        var soon = Soon;
        using var watch = server.Executions.WatchExecution(new() { ExecutionIds = { id } });
        Execution? last = null;
        while (await watch.ResponseStream.MoveNext(soon))
            last = watch.ResponseStream.Current.Executions.LastOrDefault() ?? last;
        return last!;
    }

    public async Task<T?> ReadAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Server.Database.Db.OpenConnectionAsync(Soon);
        return await connection.ExecuteScalarAsync<T>(new CommandDefinition(sql, parameters, cancellationToken: Soon));
    }

    public async Task<IReadOnlyList<string>> ListAsync(string sql, object? parameters = null)
    {
        await using var connection = await Server.Database.Db.OpenConnectionAsync(Soon);
        return (await connection.QueryAsync<string>(new CommandDefinition(sql, parameters, cancellationToken: Soon))).AsList();
    }

    /// <summary>`task status` of a workflow's executions, in the order in which they were made.</summary>
    public Task<IReadOnlyList<string>> TasksAsync(long id) => ListAsync(
        "select task_name || coalesce('[' || task_index || ']', '') || ' ' || status from workflow_task_detail where parent = @id order by execution", new { id });

    public async Task<long> RunOfAsync(long execution)
        => await ReadAsync<long>("select id from workflow_execution where execution = @execution", new { execution });

    /// <summary>Everything that happened was taken, and nothing is left behind.</summary>
    public async Task AssertNothingIsLeftAsync()
    {
        Assert.Equal(0, await ReadAsync<long>("select count(*) from workflow_happening"));
        Assert.Equal(0, await ReadAsync<long>("select count(*) from execution_queue"));
        Assert.Equal(0, await ReadAsync<long>(
            "select count(*) from workflow_execution w join execution e on e.id = w.execution where w.status <> e.status"));
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
