using Attune.Engine.Retries;
using Attune.V1;

namespace Attune.Server.Dispatch;

/// <summary>One attempt that the database already gives to an agent, on its way to the agent's stream.</summary>
sealed record Assignment
{
    public required AgentSession Session { get; init; }
    public required long ExecutionId { get; init; }
    public required int Attempt { get; init; }
    public required int MaxAttempts { get; init; }
    public required RetryPolicy Retry { get; init; }
    public required bool AtLeastOnce { get; init; }

    /// <summary>Of the pinned release; its spec_id is set per stream.</summary>
    public required ActionSpec Spec { get; init; }
    public required IReadOnlyList<string> PermissionSets { get; init; }

    /// <summary>JSON, secrets in clear.</summary>
    public required ReadOnlyMemory<byte> Parameters { get; init; }
    public required TimeSpan Timeout { get; init; }
    public required IReadOnlyDictionary<string, string> EnvVars { get; init; }
}

/// <summary>What the server remembers of an attempt that an agent holds, so that its end needs no read.</summary>
readonly record struct Outstanding(int Attempt, int MaxAttempts, RetryPolicy Retry, bool AtLeastOnce);
