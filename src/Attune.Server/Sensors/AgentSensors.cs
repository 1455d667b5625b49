using Attune.Server.Dispatch;
using Attune.V1;

namespace Attune.Server.Sensors;

/// <summary>What sessions of agents and sensors have to do with each other.</summary>
sealed class AgentSensors(SensorLoop loop, SensorWriter writer, TakeSensorEvents events)
{
    /// <summary>The session has begun, or its agent found runtimes: it is told what it has, and may get more.</summary>
    public void Wake() => loop.Wake();

    /// <summary>Queues what a message brings. Waits only where the agent has far more events under way than it should.</summary>
    public ValueTask HandleAsync(AgentSession session, WorkerMessage message, CancellationToken ct)
    {
        if (message.SensorReports.Count > 0)
            writer.Report(session, message.SensorReports);
        if (message.SensorLogs.Count > 0)
            writer.Log(session, message.SensorLogs);
        return message.SensorEvents.Count > 0 ? session.Backlog.AddAsync(message.SensorEvents, ct) : ValueTask.CompletedTask;
    }

    /// <summary>Records the session's events until it ends.</summary>
    public Task RecordAsync(AgentSession session, CancellationToken ct) => events.RunAsync(session, ct);
}
