namespace Attune.Engine.Placement;

/// <summary>An agent, as far as placing work on it is concerned.</summary>
public sealed record Candidate
{
    public required string Name { get; init; }

    /// <summary>False for an agent whose role is sensor only.</summary>
    public required bool RunsActions { get; init; }

    /// <summary>Runtime ref → version; empty where the runtime has none.</summary>
    public required IReadOnlyDictionary<string, string> Runtimes { get; init; }
    public required IReadOnlyDictionary<string, string> Labels { get; init; }
    public required int Slots { get; init; }
    public required int SlotsInUse { get; init; }
    public required bool Connected { get; init; }
    public required bool Cordoned { get; init; }
    public required bool Draining { get; init; }
}
