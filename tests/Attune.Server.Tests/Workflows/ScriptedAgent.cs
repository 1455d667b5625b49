using System.Collections.Concurrent;
using System.Text.Json;
using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Workflows;

/// <summary>What an agent says of an item. A text is a result as JSON.</summary>
sealed record Reply(Outcome Outcome, string Result = "", string Reason = "")
{
    public static Reply Completed { get; } = new(Outcome.Completed);

    /// <summary>It runs until the test lets it end.</summary>
    public static Reply? Later => null;

    public static Reply Gives(string result) => new(Outcome.Completed, result);

    public static Reply Fails(string reason = "BROKEN") => new(Outcome.Failed, "", reason);
}

/// <summary>An agent that answers each item by the `message` among its parameters, and stops at once what is cancelled.</summary>
sealed class ScriptedAgent : IAsyncDisposable
{
    readonly FakeAgent agent;
    readonly CancellationTokenSource over = new();
    readonly ConcurrentDictionary<long, (string Name, WorkItem Item)> held = new();
    readonly ConcurrentQueue<string> begun = new();
    readonly SemaphoreSlim sending = new(1);
    readonly Task loop;

    ScriptedAgent(FakeAgent agent, Func<string, Reply?> script)
    {
        (this.agent, Script) = (agent, script);
        loop = RunAsync();
    }

    public Func<string, Reply?> Script { get; set; }

    /// <summary>Names of what began, in that order.</summary>
    public IReadOnlyList<string> Begun => [.. begun];

    public IReadOnlyCollection<string> Running => [.. held.Values.Select(each => each.Name)];

    static CancellationToken Soon => Waiting.SoonEnough;

    public static async Task<ScriptedAgent> ConnectAsync(
        ServerBench server, Func<string, Reply?>? script = null, int slots = 200, string name = "one")
    {
        var agent = await server.JoinAsync(name, Soon);
        agent.Slots = slots;
        await agent.ConnectAsync(Soon);
        return new(agent, script ?? (_ => Reply.Completed));
    }

    /// <summary>The same agent at another replica, with what it runs.</summary>
    public async Task<ScriptedAgent> MoveAsync(ServerBench server)
    {
        var there = agent.On(server.Anonymous);
        await there.ConnectAsync(
            Soon,
            [.. held.Values.Select(each => new HeldExecution { ExecutionId = each.Item.ExecutionId, Attempt = each.Item.Attempt, State = HeldState.Running })]);
        var moved = new ScriptedAgent(there, Script);
        foreach (var (id, each) in held)
            moved.held[id] = each;
        return moved;
    }

    public Task UntilRunningAsync(params string[] names) => Waiting.UntilAsync(
        () => names.All(Running.Contains), $"{string.Join(", ", names)} to run; what began: {string.Join(", ", Begun)}", Soon);

    public async Task EndAsync(string name, Reply reply)
    {
        await UntilRunningAsync(name);
        var item = held.Values.First(each => each.Name == name).Item;
        held.TryRemove(item.ExecutionId, out _);
        await FinishAsync(item, reply);
    }

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync();
        await loop;
        await agent.DisposeAsync();
        sending.Dispose();
        over.Dispose();
    }

    async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var message = await agent.NextAsync(over.Token);
                foreach (var item in message.Items)
                    await TakeAsync(item);
                foreach (var cancel in message.Cancels)
                {
                    if (held.TryRemove(cancel.ExecutionId, out var each))
                        await FinishAsync(each.Item, new(Outcome.Cancelled));
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or Grpc.Core.RpcException or ObjectDisposedException or InvalidOperationException)
        {
            // The session is over.
        }
    }

    async Task TakeAsync(WorkItem item)
    {
        var name = NameOf(item);
        begun.Enqueue(name);
        if (Script(name) is { } reply)
            await FinishAsync(item, reply);
        else
            held[item.ExecutionId] = (name, item);
    }

    async Task FinishAsync(WorkItem item, Reply reply)
    {
        await sending.WaitAsync(over.Token);
        try
        {
            await agent.FinishAsync(item, reply.Outcome, over.Token, reply.Result, reply.Reason);
        }
        finally
        {
            sending.Release();
        }
    }

    static string NameOf(WorkItem item)
    {
        using var parameters = JsonDocument.Parse(item.Parameters.Memory);
        return parameters.RootElement.TryGetProperty("message", out var message) ? message.ToString() : "";
    }
}
