namespace Attune.Server.Executions;

/// <summary>In the order and spelling of the database's execution_status_enum.</summary>
public enum ExecutionStatus
{
    Requested,
    Scheduling,
    Scheduled,
    Running,
    Completed,
    Failed,
    Canceling,
    Cancelled,
    Timeout,
    Abandoned,
}

/// <summary>One run of one action as a reader sees it. JSON stays text until it meets the wire.</summary>
public sealed record Execution
{
    public required long Id { get; init; }
    public required string ActionRef { get; init; }
    public required ExecutionStatus Status { get; init; }
    public string? Config { get; init; }
    public string? Result { get; init; }
    public string? Error { get; init; }
    public required int Attempt { get; init; }
    public required int MaxAttempts { get; init; }
    public string? WorkerName { get; init; }
    public string? ExecutorLogin { get; init; }
    public long? Parent { get; init; }
    public long? Enforcement { get; init; }

    /// <summary>Of its enforcement, as <see cref="Event"/> is.</summary>
    public string? RuleRef { get; init; }
    public long? Event { get; init; }
    public long? RerunOf { get; init; }

    /// <summary>Set for a task of the workflow <see cref="Parent"/>.</summary>
    public string? TaskName { get; init; }

    /// <summary>Of with_items.</summary>
    public int? ItemIndex { get; init; }
    public required short Priority { get; init; }
    public required long TimeoutMs { get; init; }
    public required string WorkerLabels { get; init; }
    public string? ReleaseDigest { get; init; }

    /// <summary>It runs on no agent; its tasks do.</summary>
    public required bool IsWorkflow { get; init; }
    public required DateTimeOffset Created { get; init; }
    public required DateTimeOffset Updated { get; init; }
    public DateTimeOffset? ScheduledAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Set while the next attempt is awaited.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    public bool IsFinal => Status is ExecutionStatus.Completed or ExecutionStatus.Failed or ExecutionStatus.Cancelled
        or ExecutionStatus.Timeout or ExecutionStatus.Abandoned;

    public string PackRef => ActionRef.Split('.', 2)[0];
}

/// <summary>An earlier attempt, kept when another followed.</summary>
public sealed record ExecutionAttempt
{
    public required int Attempt { get; init; }
    public required ExecutionStatus Status { get; init; }
    public string? WorkerName { get; init; }
    public string? Error { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
}
