using Attune.Server.Workers;
using Attune.V1;

namespace Attune.Server.Sensors;

/// <summary>How a sensor stands, and one sentence on why.</summary>
readonly record struct SensorStanding(SensorState State, string Why)
{
    /// <summary>So many ends in a row are worth somebody's attention.</summary>
    public const int AlertAfter = 3;

    /// <param name="row">The sensor.</param>
    /// <param name="agents">Those whose role takes sensors; asked only for one that is needed and runs nowhere.</param>
    public static SensorStanding Of(SensorRow row, IReadOnlyList<SensorAgentRow> agents)
    {
        if (row.IsBuiltIn)
            return new(SensorState.BuiltIn, "It is part of the control plane; nothing has to run.");
        if (!row.Enabled)
            return new(SensorState.Idle, $"It is disabled. `attune sensor enable {row.Ref}` lets it run.");
        if (row.RuleRefs.Length == 0)
            return new(SensorState.Idle, $"No enabled rule on {string.Join(" or ", row.Triggers)} needs it.");
        return row.WorkerName is { } agent
            ? OnAgent(row, agent)
            : new(SensorState.Unassigned, WhyUnassigned(row.RuntimeRef, agents));
    }

    /// <summary>Whether <see cref="Of"/> needs to know the agents.</summary>
    public static bool AsksForAgents(SensorRow row) => row is { IsBuiltIn: false, Enabled: true, RuleRefs.Length: > 0, WorkerName: null };

    static SensorStanding OnAgent(SensorRow row, string agent)
    {
        var (state, sentence) = row.State switch
        {
            "running" => (SensorState.Running, $"It runs on {agent}{Since(row.StartedAt)}"),
            "backing_off" => (SensorState.BackingOff, BackingOff(row, agent)),
            "stopped" => (SensorState.Assigned, $"{agent} has it and has stopped it"),
            "starting" => (SensorState.Assigned, $"{agent} is starting it"),
            _ => (SensorState.Assigned, $"It was given to {agent}{Since(row.AssignedAt)}, which has not said that it runs"),
        };
        return new(
            state,
            row.WorkerConnected
                ? sentence + "."
                : $"{sentence}; {agent} is not connected, and keeps it until its lease ends at {row.LeaseExpiresAt:u} and another agent can take it.");
    }

    static string BackingOff(SensorRow row, string agent)
    {
        var times = row.FailuresInRow switch
        {
            1 => "It ended",
            < AlertAfter => $"It ended {row.FailuresInRow} times in a row",
            _ => $"Alert: it ended {row.FailuresInRow} times in a row",
        };
        var next = row.NextStartAt is { } at ? $" and starts again at {at:u}" : "";
        return $"{times} on {agent}{next}{(row.LastError is { Length: > 0 } error ? $": {error.TrimEnd('.')}" : "")}";
    }

    static string Since(DateTimeOffset? time) => time is { } at ? $" since {at:u}" : "";

    static string WhyUnassigned(string runtime, IReadOnlyList<SensorAgentRow> agents)
    {
        var connected = agents.Where(agent => agent.Connected).ToList();
        if (connected.Count == 0)
            return "No agent with role sensor or hybrid is connected.";

        var fitting = connected.Where(agent => WorkerMapping.ReadRuntimes(agent.Runtimes).Any(each => each.RuntimeRef == runtime)).ToList();
        if (fitting.Count == 0)
        {
            return connected.Count == 1
                ? $"{connected[0].Name}, the only connected agent with role sensor or hybrid, has no {runtime}."
                : $"None of the {connected.Count} connected agents with role sensor or hybrid has {runtime}.";
        }

        if (fitting.Find(agent => !agent.Cordoned && !agent.Draining) is not null)
            return "It is about to be given to an agent; this takes a moment.";
        var (first, others) = (fitting[0], fitting.Count == 1 ? "no other connected agent can run it" : "so are all others that could run it");
        return $"{first.Name} is {(first.Draining ? "draining" : "cordoned")}, and {others}.";
    }
}
