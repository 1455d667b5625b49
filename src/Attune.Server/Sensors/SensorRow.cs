namespace Attune.Server.Sensors;

/// <summary>A sensor with where it runs and how it does. The JSON columns were checked when they were written.</summary>
sealed record SensorRow
{
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public required string PackRef { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }
    public required bool Enabled { get; init; }
    public required bool IsAdhoc { get; init; }
    public required string RuntimeRef { get; init; }
    public required string Entrypoint { get; init; }
    public required string[] Triggers { get; init; }
    public string? ParamSchema { get; init; }
    public string? Config { get; init; }
    public required string[] Tags { get; init; }
    public required DateTimeOffset Created { get; init; }
    public required DateTimeOffset Updated { get; init; }

    /// <summary>The agent that has it; null: none.</summary>
    public string? WorkerName { get; init; }
    public required bool WorkerConnected { get; init; }
    public DateTimeOffset? LeaseExpiresAt { get; init; }
    public DateTimeOffset? AssignedAt { get; init; }

    /// <summary>Of its process, as the agent last said; null where it was never assigned.</summary>
    public string? State { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? NextStartAt { get; init; }
    public required int FailuresInRow { get; init; }
    public string? LastError { get; init; }
    public required long EventCount { get; init; }
    public DateTimeOffset? LastEventAt { get; init; }
    public required long RejectedCount { get; init; }

    /// <summary>Enabled ones on an enabled trigger of the sensor's.</summary>
    public required string[] RuleRefs { get; init; }

    public bool IsBuiltIn => RuntimeRef is SensorStore.BuiltInRuntime;
}

/// <summary>An agent whose role takes sensors, as far as it explains why a sensor runs nowhere.</summary>
sealed record SensorAgentRow
{
    public required string Name { get; init; }
    public required bool Connected { get; init; }
    public required bool Cordoned { get; init; }
    public required bool Draining { get; init; }
    public required string Runtimes { get; init; }
}
