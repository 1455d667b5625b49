using System.Threading.Channels;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Attune.Agent.Tests.Session;

/// <summary>One agent's stream as the control plane holds it. What the agent says is read by the test, in order.</summary>
sealed class AgentStream(Hello hello, AgentProof proof, IServerStreamWriter<ControlMessage> answers, HttpContext http)
{
    readonly Channel<WorkerMessage> said = Channel.CreateUnbounded<WorkerMessage>();
    readonly TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Hello Hello => hello;

    public AgentProof Proof => proof;

    /// <summary>Every message so far that the test has read.</summary>
    public List<WorkerMessage> Read { get; } = [];

    /// <summary>Ends when the agent has completed its side politely.</summary>
    public Task AgentLeft => closed.Task.WaitAsync(Soon.Enough);

    public async Task PumpAsync(IAsyncStreamReader<WorkerMessage> messages, CancellationToken ct)
    {
        try
        {
            while (await messages.MoveNext(ct))
                said.Writer.TryWrite(messages.Current);
            said.Writer.Complete();
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or InvalidOperationException)
        {
            said.Writer.Complete();
            return;
        }

        closed.TrySetResult();
    }

    public Task SendAsync(ControlMessage message) => answers.WriteAsync(message, Soon.Enough);

    public Task WelcomeAsync(Action<Welcome>? change = null)
    {
        var welcome = new Welcome
        {
            WorkerId = 7,
            SessionId = "session-1",
            HeartbeatInterval = Duration.FromTimeSpan(TimeSpan.FromSeconds(10)),
            Lease = Duration.FromTimeSpan(TimeSpan.FromSeconds(60)),
            ServerVersion = "0.1.0",
        };
        change?.Invoke(welcome);
        return SendAsync(new() { Welcome = welcome });
    }

    /// <summary>Items of one action each, `builtin:noop` unless named otherwise.</summary>
    public Task GiveAsync(string entryPoint, params IEnumerable<long> executionIds)
    {
        var message = new ControlMessage
        {
            Specs = { new ActionSpec { SpecId = 1, ActionRef = "test.action", PackRef = "test", EntryPoint = entryPoint, RuntimeRef = "core.native" } },
        };
        message.Items.AddRange(executionIds.Select(id => Item(id)));
        return SendAsync(message);
    }

    public static WorkItem Item(long id, int attempt = 1, long spec = 1)
        => new() { ExecutionId = id, Attempt = attempt, SpecId = spec, TimeoutMilliseconds = 60_000, Fence = $"{id}-{attempt}" };

    public Task AckAsync(params IEnumerable<Finished> finished)
    {
        var message = new ControlMessage();
        message.Acks.AddRange(finished.Select(each => new ReportAck { ExecutionId = each.ExecutionId, Attempt = each.Attempt }));
        return SendAsync(message);
    }

    /// <summary>The next message that satisfies; those before it are kept in <see cref="Read"/>.</summary>
    public async Task<WorkerMessage> UntilAsync(Func<WorkerMessage, bool> isIt)
    {
        while (true)
        {
            var message = await said.Reader.ReadAsync(Soon.Enough);
            Read.Add(message);
            if (isIt(message))
                return message;
        }
    }

    public async Task<Finished> FinishedAsync(long executionId)
    {
        var known = Read.SelectMany(each => each.Finished).FirstOrDefault(each => each.ExecutionId == executionId);
        return known ?? (await UntilAsync(message => message.Finished.Any(each => each.ExecutionId == executionId)))
            .Finished.First(each => each.ExecutionId == executionId);
    }

    /// <summary>Breaks the connection as a crash would.</summary>
    public void Abort() => http.Abort();
}

static class Soon
{
    /// <summary>A deadline for what must happen; reaching it is a failure, never part of a pass.</summary>
    public static CancellationToken Enough => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    public static async Task UntilAsync(Func<bool> condition)
    {
        var enough = Enough;
        while (!condition())
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, enough);
    }
}
