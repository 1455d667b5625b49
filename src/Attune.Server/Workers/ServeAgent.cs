using Attune.Server.Dispatch;
using Attune.Server.Hosting;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Workers;

/// <summary>
/// One agent's stream from Hello to its end: a loop that reads, one that writes and one that records what its sensors emit, joined by the
/// session. What the agent holds when the stream drops stays its own until its lease runs out.
/// </summary>
sealed partial class ServeAgent(
    AdmitAgent admit, AgentInbox inbox, WorkerStore store, AgentSessions sessions, IHostApplicationLifetime lifetime,
    ILogger<ServeAgent> logger)
{
    static readonly TimeSpan GoAwaySpread = TimeSpan.FromSeconds(2);

    public async Task RunAsync(
        IAsyncStreamReader<WorkerMessage> requests, IServerStreamWriter<ControlMessage> responses, Caller caller,
        CancellationToken ct)
    {
        if (!await requests.MoveNext(ct) || requests.Current.Hello is not { } hello)
        {
            await responses.WriteAsync(
                new() { Refusal = new() { Reason = "HELLO_INVALID", Message = "The first message must carry hello." } }, ct);
            return;
        }

        var admission = await admit.RunAsync(hello, caller, ct);
        if (admission.Session is not { } session)
        {
            LogRefused(caller.WorkerName, admission.Refusal!.Message);
            await responses.WriteAsync(new() { Refusal = admission.Refusal }, ct);
            return;
        }

        session.Send(control =>
        {
            control.Welcome = admission.Welcome;
            control.Drain = admission.Drain;
        });
        using var replaced = new CancellationTokenSource();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct, replaced.Token);
        session.Ended = replaced.Cancel;
        sessions.Add(session)?.Ended?.Invoke();
        LogConnected(session.Name, session.Slots);
        var leaving = false;
        try
        {
            await inbox.WelcomeAsync(session, admission, ending.Token);
            await using var goAway = lifetime.ApplicationStopping.Register(() => session.Send(control => control.GoAway = new()
            {
                Delay = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(GoAwaySpread * Random.Shared.NextDouble()),
                Reason = "The server is stopping.",
            }));
            var writing = session.WriteAsync(responses, ending.Token);
            var recording = inbox.RecordAsync(session, ending.Token);
            try
            {
                while (await requests.MoveNext(ending.Token))
                    await inbox.HandleAsync(session, requests.Current, ending.Token);
                leaving = session.Leaving;
            }
            finally
            {
                session.Close();
                await ending.CancelAsync();
                await Task.WhenAll(writing, recording).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or RpcException)
        {
            // The stream dropped; that is how most sessions end.
        }
        finally
        {
            session.Close();
            sessions.Remove(session);
            LogDisconnected(session.Name);
            await store.DisconnectAsync(session.WorkerId, session.SessionId, leaving, CancellationToken.None);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Agent {Agent} is connected with {Slots} slots")]
    partial void LogConnected(string agent, int slots);

    [LoggerMessage(Level = LogLevel.Information, Message = "Agent {Agent} is disconnected; what it holds stays leased to it")]
    partial void LogDisconnected(string agent);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Agent {Agent} was refused: {Reason}")]
    partial void LogRefused(string? agent, string reason);
}
