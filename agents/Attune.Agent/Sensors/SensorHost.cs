using Attune.Agent.Running;
using Microsoft.Extensions.Logging;

namespace Attune.Agent.Sensors;

/// <summary>What sensors need of the agent around them.</summary>
sealed record SensorHost
{
    public required ProcessLoop Processes { get; init; }

    public required EntryPoints EntryPoints { get; init; }

    public required AgentPaths Paths { get; init; }

    public required EventBuffer Events { get; init; }

    public required SensorOutbox Outbox { get; init; }

    /// <summary>ATTUNE_API_URL. Null: the variable is not set.</summary>
    public string? ApiUrl { get; init; }

    public required TimeProvider Clock { get; init; }

    public required ILogger<Sensor> Logger { get; init; }
}
