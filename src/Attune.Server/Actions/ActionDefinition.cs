using Attune.V1;

namespace Attune.Server.Actions;

/// <summary>When a failed attempt is followed by another.</summary>
public sealed record ActionRetryPolicy
{
    /// <summary>Attempts in all, at least 1.</summary>
    public required int MaxAttempts { get; init; }
    public required TimeSpan Delay { get; init; }

    /// <summary>constant, linear or exponential.</summary>
    public required string Backoff { get; init; }
    public required TimeSpan MaxDelay { get; init; }

    /// <summary>failed, timeout, lost.</summary>
    public required IReadOnlyList<string> On { get; init; }
}

/// <summary>An action as its current release has it: what starting, placing and running it need. Immutable and cached.</summary>
public sealed record ActionDefinition
{
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public required string PackRef { get; init; }
    public required bool Enabled { get; init; }
    public required bool IsWorkflow { get; init; }
    public required bool AtLeastOnce { get; init; }
    public required TimeSpan Timeout { get; init; }
    public required ActionRetryPolicy Retry { get; init; }
    public required IReadOnlyDictionary<string, string> WorkerLabels { get; init; }
    public required IReadOnlyList<string> PermissionSets { get; init; }
    public required string RuntimeRef { get; init; }
    public string? RuntimeVersion { get; init; }
    public required string ReleaseDigest { get; init; }

    /// <summary>The flat parameter schema, ready to validate with.</summary>
    public required Attune.Engine.Schemas.Schema Parameters { get; init; }

    /// <summary>What an agent is told of it; `spec_id` is filled per stream.</summary>
    public required ActionSpec Spec { get; init; }
}
