using Attune.Agent.Running;
using Attune.V1;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Sensors;

/// <summary>The sensors of this agent, as the control plane last named them. Thread-safe.</summary>
sealed partial class Assignments(WorkerRole role, SensorHost host, ILogger<Assignments> logger)
{
    readonly Lock gate = new();
    readonly RunFolders folders = new(host.Paths);
    readonly Dictionary<string, Sensor> sensors = [];
    SensorAssignments named = new();
    bool draining;

    public SensorOutbox Outbox => host.Outbox;

    /// <summary>Those that are wanted or not quite gone.</summary>
    public IReadOnlyList<SensorStanding> Standings
    {
        get
        {
            lock (gate)
                return [.. sensors.Values.Where(each => !each.HasEnded).Select(each => each.Standing).OrderBy(each => each.SensorRef, StringComparer.Ordinal)];
        }
    }

    /// <summary>While true nothing runs; afterwards what was named last runs again.</summary>
    public bool Draining
    {
        set
        {
            lock (gate)
            {
                if (draining == value)
                    return;

                draining = value;
                Follow();
            }
        }
    }

    /// <summary>The whole list: what it does not name is stopped.</summary>
    public void Take(SensorAssignments all)
    {
        if (role == WorkerRole.Action && all.Sensors.Count > 0)
        {
            LogNotMine(all.Sensors.Count);
            return;
        }

        lock (gate)
        {
            named = all;
            Follow();
        }
    }

    /// <summary>Completes when no sensor is left. Nothing starts any more.</summary>
    public Task StopAsync()
    {
        Draining = true;
        lock (gate)
            return Task.WhenAll(sensors.Values.Select(each => each.Ended));
    }

    public void Kill()
    {
        lock (gate)
        {
            foreach (var each in sensors.Values)
                each.Kill();
        }
    }

    void Follow()
    {
        foreach (var ended in sensors.Values.Where(each => each.Ended.IsCompleted).ToList())
        {
            sensors.Remove(ended.Standing.SensorRef);
            ended.Dispose();
        }

        var wanted = draining ? [] : named.Sensors.DistinctBy(each => each.SensorRef).ToDictionary(each => each.SensorRef);
        foreach (var (sensorRef, sensor) in sensors)
        {
            if (!wanted.ContainsKey(sensorRef))
                sensor.Unassign();
        }

        foreach (var (sensorRef, assignment) in wanted)
        {
            if (sensors.TryGetValue(sensorRef, out var known) && known.TryAssign(assignment))
                continue;

            sensors[sensorRef] = known = new(assignment, folders, host);
            known.Begin();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} sensors are assigned to this agent, whose role is action: they do not run here. Start it with --role hybrid or sensor")]
    partial void LogNotMine(int count);
}
