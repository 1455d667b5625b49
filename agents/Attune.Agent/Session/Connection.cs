namespace Attune.Agent.Session;

enum ConnectionState
{
    Connecting,
    Connected,

    /// <summary>Between two tries.</summary>
    Away,
}

/// <summary>How the agent stands with the control plane, for the log and for `attune-agent status`.</summary>
sealed record Connection(ConnectionState State, DateTimeOffset Since)
{
    public string? SessionId { get; init; }

    public string? ServerVersion { get; init; }

    /// <summary>Why the last stream ended or could not be had.</summary>
    public string? Problem { get; init; }

    public int Attempt { get; init; }

    public DateTimeOffset? NextTryAt { get; init; }
}
