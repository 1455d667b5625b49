namespace Attune.Server.Events;

/// <summary>An event as a reader sees it. JSON stays text until it meets the wire.</summary>
sealed record EventRow
{
    public required long Id { get; init; }

    /// <summary>Of the page before it was cut by its bytes; 0 where it is not.</summary>
    public int PageRows { get; init; }
    public required string TriggerRef { get; init; }

    /// <summary>Secrets sealed; null where it was not asked for.</summary>
    public string? Payload { get; init; }
    public required string Origin { get; init; }
    public string? SourceRef { get; init; }
    public string? RuleRef { get; init; }
    public string? IdempotencyKey { get; init; }
    public long? ReplayOf { get; init; }
    public string? Unmatched { get; init; }
    public required int UnmatchedCount { get; init; }
    public required DateTimeOffset Created { get; init; }
}

sealed record EnforcementRow
{
    public required long Id { get; init; }
    public long? Event { get; init; }
    public required string RuleRef { get; init; }
    public required string TriggerRef { get; init; }
    public required string Status { get; init; }
    public long? Execution { get; init; }
    public string? ActionRef { get; init; }

    /// <summary>The rendered parameters, secrets sealed.</summary>
    public string? Config { get; init; }
    public string? Error { get; init; }
    public required DateTimeOffset Created { get; init; }
}
