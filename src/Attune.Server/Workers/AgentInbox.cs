using Attune.Server.Dispatch;
using Attune.Server.Sensors;
using Attune.V1;

namespace Attune.Server.Workers;

/// <summary>What an agent's messages set in motion.</summary>
sealed partial class AgentInbox(
    AgentReports reports, AgentUpkeep upkeep, AgentSensors sensors, AgentSessions sessions, Dispatcher dispatcher, TimeProvider clock)
{
    /// <summary>After the welcome: settles what the agent should hold and does not, and lets work come.</summary>
    public async Task WelcomeAsync(AgentSession session, AdmitAgent.Admission admission, CancellationToken ct)
    {
        sensors.Wake();
        await upkeep.SendRuntimeProbesAsync(session, ct);
        await reports.SettleAsync(session, admission.NeverBegun, admission.Lost, ct);
        if (admission.NewSpoolId is { } spoolId)
            await upkeep.ReplaceSpoolAsync(session, spoolId, ct);
        dispatcher.Wake();
    }

    public async Task HandleAsync(AgentSession session, WorkerMessage message, CancellationToken ct)
    {
        if (message.Finished.Count > 0 || message.Started.Count > 0 || message.Logs.Count > 0)
            await reports.EnqueueAsync(session, message, ct);
        if (message.Returned.Count > 0)
            await reports.GiveBackAsync(session, message, ct);
        if (message.Finished.Count > 0 || message.Returned.Count > 0)
            dispatcher.NoteCapacity();
        if (message.Heartbeat is { } heartbeat)
            await upkeep.RenewLeaseAsync(session, heartbeat, ct);
        if (message.Pull is { } pull)
        {
            session.Slots = pull.Slots;
            dispatcher.NoteCapacity();
        }

        if (message.Drain is { } drain)
        {
            session.Leaving = !drain.Lifted;
            dispatcher.NoteCapacity();
            await upkeep.SetLeavingAsync(session, ct);
            sensors.Wake();
        }

        if (message.FoundRuntimes.Count > 0)
        {
            session.Facts = session.Facts with { Runtimes = WorkerMapping.ToMap(message.FoundRuntimes) };
            sessions.FactsChanged();
            await upkeep.SaveRuntimesAsync(session, message, ct);
            dispatcher.NoteCapacity();
            sensors.Wake();
        }

        foreach (var environment in message.Environments)
            await upkeep.SaveEnvironmentAsync(session, environment, environment.Time?.ToDateTimeOffset() ?? clock.GetUtcNow(), ct);
        if (!message.CertificateRequest.IsEmpty)
            await upkeep.RenewCertificateAsync(session, message.CertificateRequest, ct);

        // Last: it is the one thing here that an agent can make wait.
        await sensors.HandleAsync(session, message, ct);
    }

    /// <summary>What the session's messages left to be done beside reading them.</summary>
    public Task RecordAsync(AgentSession session, CancellationToken ct) => sensors.RecordAsync(session, ct);
}
