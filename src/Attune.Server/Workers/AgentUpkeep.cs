using Attune.Server.Dispatch;
using Attune.Server.Runtimes;
using Attune.Server.Storage;
using Attune.Server.Workers.Joining;
using Attune.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Options;

namespace Attune.Server.Workers;

/// <summary>What keeps a session going: leases, certificates, and what the agent found on its host.</summary>
sealed class AgentUpkeep : IAsyncDisposable
{
    const int HeartbeatsPerCommit = 1000;

    readonly WorkerStore store;
    readonly RuntimeStore runtimes;
    readonly RenewCertificate renew;
    readonly AgentSessions sessions;
    readonly WorkerOptions options;
    readonly GroupWriter<(long Id, Guid Session), bool> heartbeats;

    public AgentUpkeep(
        WorkerStore store, RuntimeStore runtimes, RenewCertificate renew, AgentSessions sessions, IOptions<WorkerOptions> options,
        TimeProvider clock)
    {
        (this.store, this.runtimes, this.renew, this.sessions, this.options) = (store, runtimes, renew, sessions, options.Value);
        heartbeats = new(
            async (batch, ct) =>
            {
                var now = clock.GetUtcNow();
                await store.HeartbeatAsync(batch, now, now + this.options.Lease, ct);
                return new bool[batch.Count];
            },
            HeartbeatsPerCommit);
    }

    /// <summary>The lease is renewed before the agent is told so.</summary>
    public async Task RenewLeaseAsync(AgentSession session, Heartbeat heartbeat, CancellationToken ct)
    {
        await heartbeats.WriteAsync((session.WorkerId, session.SessionId), ct);
        session.Send(control => control.HeartbeatAck = new()
        {
            SentAt = heartbeat.SentAt,
            HeartbeatInterval = Duration.FromTimeSpan(options.HeartbeatFor(sessions.All.Length)),
        });
    }

    public async Task SendRuntimeProbesAsync(AgentSession session, CancellationToken ct)
    {
        var probes = await runtimes.ListProbesAsync(ct);
        session.Send(control =>
        {
            control.RuntimeProbes.Clear();
            control.RuntimeProbes.Add(probes);
        });
    }

    public Task SetLeavingAsync(AgentSession session, CancellationToken ct)
        => store.SetLeavingAsync(session.WorkerId, session.SessionId, session.Leaving, ct);

    /// <summary>From now on, what is assigned and unknown to the new spool was never begun.</summary>
    public Task ReplaceSpoolAsync(AgentSession session, string spoolId, CancellationToken ct)
        => store.ReplaceSpoolAsync(session.WorkerId, session.SessionId, spoolId, ct);

    public Task SaveRuntimesAsync(AgentSession session, WorkerMessage message, CancellationToken ct)
        => store.SetRuntimesAsync(session.WorkerId, WorkerMapping.RuntimesJson(message.FoundRuntimes), ct);

    public Task SaveEnvironmentAsync(AgentSession session, EnvironmentReport report, DateTimeOffset time, CancellationToken ct)
        => store.SaveEnvironmentAsync(session, report, time, ct);

    public async Task RenewCertificateAsync(AgentSession session, ByteString request, CancellationToken ct)
    {
        var renewed = await renew.RunAsync(session.Name, request.ToByteArray(), ct);
        if (renewed.IsOk(out var certificate, out _))
            session.Send(control => control.Certificate = certificate.CertificatePem);
    }

    public ValueTask DisposeAsync() => heartbeats.DisposeAsync();
}
