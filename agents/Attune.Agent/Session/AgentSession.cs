using Attune.Agent.Configuration;
using Attune.Agent.Joining;
using Attune.V1;
using Grpc.Core;

namespace Attune.Agent.Session;

/// <summary>
/// One stream from its Hello to its end: a writer, a reader and the heartbeats, each a loop of its own. Whichever ends first ends all.
/// </summary>
sealed class AgentSession(Connector connector, AgentFacts facts, Inbox inbox, Pulse pulse, Reports reports)
{
    static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);
    static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Ends when the stream does; a cancelled token ends it politely. Throws only <see cref="HopelessException"/>.</summary>
    public async Task<SessionEnd> RunAsync(Func<Drain?> ownDrain, Action<Welcome> welcomed, TimeProvider clock, CancellationToken ct)
    {
        try
        {
            using var stream = connector.Open();
            var first = await GreetAsync(stream, ownDrain() is not null, clock, ct);
            if (first?.Welcome is not { } welcome)
                return Refused(first);

            connector.WasWelcome = true;
            welcomed(welcome);
            pulse.Welcome(welcome);
            inbox.Welcome(welcome);
            reports.Say(message => Introduce(message, ownDrain()));
            inbox.Take(first);
            return await TalkAsync(stream, clock, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return SessionEnd.Stopped;
        }
        catch (RpcException failure)
        {
            return ct.IsCancellationRequested ? SessionEnd.Stopped : SessionEnd.Of(failure, connector.WasWelcome);
        }
        catch (OperationCanceledException)
        {
            return SessionEnd.Lost("the control plane did not answer");
        }
        catch (Exception failure) when (failure is not HopelessException)
        {
            return SessionEnd.Lost(failure is SilenceException or IOException ? failure.Message : failure.ToString());
        }
        finally
        {
            reports.EndStream();
        }
    }

    async Task<ControlMessage?> GreetAsync(SessionStream stream, bool draining, TimeProvider clock, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(AnswerTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ct);
        await stream.Out.WriteAsync(new() { Hello = facts.Hello(reports.SpoolId, reports.Rewind(), draining) }, either.Token);
        return await stream.In.MoveNext(either.Token) ? stream.In.Current : null;
    }

    void Introduce(WorkerMessage message, Drain? ownDrain)
    {
        message.Pull = new() { Slots = inbox.Wanted };
        message.Drain = ownDrain;
        message.Environments.AddRange(facts.Environments);
        if (inbox.CertificateRequest() is { } request)
            message.CertificateRequest = request;
    }

    async Task<SessionEnd> TalkAsync(SessionStream stream, TimeProvider clock, CancellationToken ct)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var farewell = new Farewell(clock);
        var write = WriteAsync(stream, ending.Token);
        var read = ReadAsync(stream, farewell, ending);
        var beat = pulse.RunAsync(ending.Token);
        var first = await Task.WhenAny(write, read, beat);

        await ending.CancelAsync();
        if (first != read && (ct.IsCancellationRequested || farewell.IsDue))
            await SayGoodbyeAsync(stream, write, read, clock);
        await stream.Lifetime.CancelAsync();
        await Task.WhenAll(write, read, beat).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        if (ct.IsCancellationRequested)
            return SessionEnd.Stopped;
        if (farewell.Message is { } goAway)
            return SessionEnd.GoneAway(goAway.Reason, farewell.Left);
        await first;
        return SessionEnd.Lost("the control plane closed the stream");
    }

    static async Task SayGoodbyeAsync(SessionStream stream, Task write, Task read, TimeProvider clock)
    {
        try
        {
            // A message in flight must be whole before the stream may be completed.
            await write.WaitAsync(FarewellTimeout, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await stream.Out.CompleteAsync();
            await read.WaitAsync(FarewellTimeout, clock);
        }
        catch (Exception failure) when (failure is RpcException or TimeoutException or InvalidOperationException or OperationCanceledException)
        {
            // Polite or not, the stream ends now.
        }
    }

    async Task WriteAsync(SessionStream stream, CancellationToken ending)
    {
        try
        {
            while (true)
            {
                await reports.WaitAsync(ending);
                while (!ending.IsCancellationRequested && reports.Compose() is { } message)
                    await stream.Out.WriteAsync(message, stream.Lifetime.Token);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // What was not written waits for the next stream.
        }
    }

    async Task ReadAsync(SessionStream stream, Farewell farewell, CancellationTokenSource ending)
    {
        while (await stream.In.MoveNext(stream.Lifetime.Token))
        {
            var message = stream.In.Current;
            pulse.Heard();
            if (message.HeartbeatAck is { } ack)
                pulse.Take(ack);
            inbox.Take(message);
            if (message.GoAway is { } goAway)
                farewell.Begin(goAway, ending);
        }
    }

    static SessionEnd Refused(ControlMessage? first) => first?.Refusal switch
    {
        null => SessionEnd.Lost(first is null ? "the control plane closed the stream before it answered" : "the control plane's first message was no welcome"),
        { Retryable: true } refusal => SessionEnd.Lost($"refused for now: {refusal.Message} ({refusal.Reason})"),
        var refusal => throw new HopelessException(ExitCode.Refused, $"The control plane refuses this agent: {refusal.Message} ({refusal.Reason})"),
    };
}
