using Attune.Engine.Schemas;

namespace Attune.Server.Triggers;

/// <summary>What an event of a trigger is taken by. Immutable and cached.</summary>
sealed record TriggerDefinition
{
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public required string PackRef { get; init; }
    public required bool Enabled { get; init; }

    /// <summary>What a rule may set.</summary>
    public required Schema Parameters { get; init; }

    /// <summary>What an event carries; empty: anything.</summary>
    public required Schema Output { get; init; }
}
