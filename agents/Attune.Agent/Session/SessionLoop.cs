using Attune.Agent.Configuration;
using Attune.Agent.Joining;
using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Session;

/// <summary>One stream after another, for as long as the process lives. Work goes on between them.</summary>
sealed partial class SessionLoop(
    Func<AgentSession> nextSession, Drains drains, Renewal renewal, TimeProvider clock, ILogger<SessionLoop> logger)
{
    /// <summary>A stream that lived this long ends the row of failures.</summary>
    static readonly TimeSpan Steady = TimeSpan.FromSeconds(5);

    TimeSpan longestAway = Backoff.Longest;
    volatile Connection connection = new(ConnectionState.Connecting, clock.GetUtcNow());

    public Connection Connection => connection;

    /// <summary>Ends when the token is cancelled. Throws <see cref="HopelessException"/> when trying again makes no sense.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        var attempt = 0;
        while (!ct.IsCancellationRequested)
        {
            EnsureCertified();
            renewal.StreamBegan();
            var begunAt = clock.GetTimestamp();
            connection = new(ConnectionState.Connecting, clock.GetUtcNow()) { Attempt = attempt, Problem = connection.Problem };
            var end = await nextSession().RunAsync(() => drains.Own, Welcomed, clock, ct);
            if (end.Kind == SessionEndKind.Stopped)
                return;

            var wasSteady = connection.State == ConnectionState.Connected && clock.GetElapsedTime(begunAt) > Steady;
            attempt = wasSteady || end.Kind == SessionEndKind.GoneAway ? 1 : attempt + 1;
            var delay = end.Kind == SessionEndKind.GoneAway ? end.Delay : Backoff.DelayBefore(attempt, Random.Shared.NextDouble(), longestAway);
            var now = clock.GetUtcNow();
            connection = new(ConnectionState.Away, now) { Attempt = attempt, Problem = end.Why, NextTryAt = now + delay };
            LogAway(end.Why, delay.TotalSeconds);
            await Task.Delay(delay, clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    void Welcomed(Welcome welcome)
    {
        longestAway = Backoff.LongestWithin(welcome.Lease?.ToTimeSpan() ?? default);
        connection = new(ConnectionState.Connected, clock.GetUtcNow())
        {
            SessionId = welcome.SessionId,
            ServerVersion = welcome.ServerVersion,
        };
        LogConnected(welcome.WorkerId, welcome.ServerVersion, welcome.SessionId);
    }

    void EnsureCertified()
    {
        var expiry = renewal.Identity.ExpiresAt;
        if (expiry <= clock.GetUtcNow())
            throw new HopelessException(
                ExitCode.NotJoined,
                $"The agent's certificate expired on {expiry:yyyy-MM-dd HH:mm} UTC before the control plane could renew it. "
                + "Make a join token with `attune agent token create` and start the agent once with --join-token-file FILE.");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Connected as worker {WorkerId} to control plane {ServerVersion}, session {SessionId}")]
    partial void LogConnected(long workerId, string serverVersion, string sessionId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No stream: {Why}. What runs goes on; trying again in {DelaySeconds:0.0} s")]
    partial void LogAway(string why, double delaySeconds);
}
