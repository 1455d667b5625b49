using System.Text.Json;
using Attune.Engine.Placement;
using Attune.Engine.Retries;
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

    /// <summary>What it asks of an agent where a start adds no labels.</summary>
    internal PlacementRequirement Requirement => field ??= PlacementRequirement.Create(RuntimeRef, RuntimeVersion, WorkerLabels);

    internal RetryPolicy RetryPolicy => field ??= new()
    {
        MaxAttempts = Retry.MaxAttempts,
        Delay = Retry.Delay,
        Backoff = Enum.Parse<Backoff>(Retry.Backoff, ignoreCase: true),
        MaxDelay = Retry.MaxDelay,
        OnFailed = Retry.On.Contains("failed"),
        OnTimeout = Retry.On.Contains("timeout"),
        OnLost = Retry.On.Contains("lost"),
    };

    /// <summary>As `execution.retry` keeps it; null when nothing is ever retried.</summary>
    internal string? RetryJson => field ??= Retry.MaxAttempts <= 1
        ? null
        : JsonSerializer.Serialize(new
        {
            max_attempts = Retry.MaxAttempts,
            delay_seconds = Retry.Delay.TotalSeconds,
            backoff = Retry.Backoff,
            max_delay_seconds = Retry.MaxDelay.TotalSeconds,
            on = Retry.On,
        });
}
