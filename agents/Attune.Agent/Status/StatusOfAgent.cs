using Attune.Agent.Joining;
using Attune.Agent.Sensors;
using Attune.Agent.Session;
using Attune.V1;

namespace Attune.Agent.Status;

/// <summary>Gathers a report from the living parts.</summary>
sealed class StatusOfAgent(AgentFacts facts, Work work, Assignments sensors, Reports reports, SessionLoop sessions, Renewal renewal)
{
    readonly DateTimeOffset startedAt = TimeProvider.System.GetUtcNow();

    public StatusReport Read(DateTimeOffset now)
    {
        var connection = sessions.Connection;
        var spool = reports.Room();
        var active = work.Active;
        return new()
        {
            Name = facts.Settings.Name,
            Version = AgentFacts.AgentVersion,
            ProcessId = Environment.ProcessId,
            Now = now,
            StartedAt = startedAt,
            Server = facts.Settings.Server.ToString().TrimEnd('/'),
            Connection = connection.State,
            ConnectionSince = connection.Since,
            ConnectionProblem = connection.Problem,
            NextTryAt = connection.NextTryAt,
            SessionId = connection.SessionId,
            ServerVersion = connection.ServerVersion,
            CertificateExpiresAt = renewal.Identity.ExpiresAt,
            Slots = work.Slots,
            SlotsInUse = active.Count,
            Draining = work.Draining,
            SpoolWaitingBytes = spool.WaitingBytes,
            SpoolDroppedBytes = spool.DroppedBytes,
            ResultsWaiting = Math.Max(0, spool.Held - active.Count),
            SpoolTrouble = spool.Trouble,
            Runs = [.. active.OrderBy(each => each.Held.Key.ExecutionId).Select(Describe)],
            Sensors = [.. sensors.Standings.Select(Describe)],
            EventsWaiting = sensors.Outbox.WaitingEvents,
            EventsWaitingBytes = sensors.Outbox.WaitingBytes,
            EventTrouble = sensors.Outbox.Trouble,
            Runtimes = [.. facts.Runtimes.Select(each => new RuntimeStatus(each.RuntimeRef, each.Version, each.Path))],
            Environments = [.. facts.Environments.Select(each => new EnvironmentState(
                each.PackRef, each.RuntimeRef, each.Status.ToString().ToLowerInvariant(), each.InstallError))],
        };
    }

    static SensorStatus Describe(SensorStanding sensor)
    {
        var state = sensor.State switch
        {
            SensorProcessState.Running => "running",
            SensorProcessState.BackingOff => "backing_off",
            SensorProcessState.Stopped => "stopped",
            _ => "starting",
        };
        return new(sensor.SensorRef, state, sensor.FailuresInRow)
        {
            Process = sensor.ProcessId > 0 ? sensor.ProcessId : null,
            StartedAt = sensor.StartedAt,
            NextStartAt = sensor.NextStartAt,
            LastError = sensor.LastError.Length > 0 ? sensor.LastError : null,
        };
    }

    static RunStatus Describe(ActiveRun run)
    {
        var (state, why) = run switch
        {
            { CancelReason: { } reason } => ("stopping", $"was asked to stop: {reason}"),
            { Held.Room: not null } => ("running", "its output is ahead of the control plane, so it waits"),
            { Held.State: HeldState.Running } => ("running", "the process runs"),
            _ => ("preparing", "its release or environment is being made ready"),
        };
        DateTimeOffset? startedAt = run.Held.StartedAt == default ? null : run.Held.StartedAt;
        return new(run.Held.Key.ExecutionId, run.Held.Key.Attempt, run.Held.ActionRef, state, startedAt, why);
    }
}
