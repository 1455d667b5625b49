using Attune.Server.Dispatch;
using Attune.Testing;
using Attune.V1;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Server.Tests.Dispatch;

/// <summary>A server with a short lease, and the few calls that most tests of dispatch begin with.</summary>
sealed class DispatchBench : IAsyncDisposable
{
    DispatchBench(ServerBench server) => Server = server;

    public ServerBench Server { get; }

    public AgentSessions Sessions => Server.Services.GetRequiredService<AgentSessions>();

    static CancellationToken Soon => Waiting.SoonEnough;

    /// <summary>Agents that say nothing for two seconds are lost.</summary>
    public static async Task<DispatchBench> StartAsync() => new(await ServerBench.StartAsync(
        Soon, null, ("Workers:Lease", "00:00:02"), ("Workers:Heartbeat", "00:00:00.5")));

    /// <summary>No test lasts as long as this lease, so what ends, ends for another reason.</summary>
    public static async Task<DispatchBench> StartWithLongLeaseAsync()
        => new(await ServerBench.StartAsync(Soon, null, ("Workers:Lease", "00:10:00")));

    /// <summary>Another replica on the same database, with the long lease.</summary>
    public Task<ServerBench> StartReplicaAsync() => ServerBench.StartAsync(Soon, Server, ("Workers:Lease", "00:10:00"));

    public T Get<T>()
        where T : notnull
        => Server.Services.GetRequiredService<T>();

    public async Task<FakeAgent> ConnectAsync(string name, int slots = 4)
    {
        var agent = await Server.JoinAsync(name, Soon);
        agent.Slots = slots;
        await agent.ConnectAsync(Soon);
        return agent;
    }

    public async Task<long> StartAsync(int? priority = null, Dictionary<string, string>? labels = null)
    {
        var request = new StartExecutionRequest { ActionRef = "core.noop" };
        if (priority is { } given)
            request.Priority = given;
        request.WorkerLabels.Add(labels ?? []);
        return (await Server.Executions.StartExecutionAsync(request)).Execution.Id;
    }

    public async Task<IReadOnlyList<long>> StartManyAsync(int count)
    {
        var request = new StartExecutionsRequest();
        request.Items.Add(Enumerable.Range(0, count).Select(_ => new StartExecutionsItem { ActionRef = "core.noop" }));
        return (await Server.Executions.StartExecutionsAsync(request)).ExecutionIds;
    }

    public async Task<Execution> GetAsync(long id)
        => (await Server.Executions.GetExecutionAsync(new() { ExecutionId = id })).Execution;

    public async Task<ExplainExecutionResponse> ExplainAsync(long id)
        => await Server.Executions.ExplainExecutionAsync(new() { ExecutionId = id });

    public async Task<Execution> UntilFinalAsync(long id)
    {
        // One deadline for the whole wait: an execution that goes round for ever changes for ever.
        var soon = Soon;
        using var watch = Server.Executions.WatchExecution(new() { ExecutionIds = { id } });
        Execution? last = null;
        while (await watch.ResponseStream.MoveNext(soon))
            last = watch.ResponseStream.Current.Executions.LastOrDefault() ?? last;
        return last!;
    }

    public static HeldExecution Held(WorkItem item)
        => new() { ExecutionId = item.ExecutionId, Attempt = item.Attempt, State = HeldState.Running };

    public static WorkerMessage Log(WorkItem item, long sequence, string text) => new()
    {
        Logs =
        {
            new WorkLog
            {
                ExecutionId = item.ExecutionId,
                Chunk = new()
                {
                    Attempt = item.Attempt,
                    Sequence = sequence,
                    Stream = LogStream.Stdout,
                    Content = ByteString.CopyFromUtf8(text),
                },
            },
        },
    };

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
