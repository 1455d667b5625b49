namespace Attune.Server.Inquiries;

/// <summary>In the order and spelling of the database's inquiry_status_enum.</summary>
enum InquiryStatus
{
    Pending,
    Responded,
    Timeout,
    Cancelled,
}

/// <summary>A question as a caller sees it: what it is, and how it stands to that caller.</summary>
sealed record InquiryRow
{
    public required long Id { get; init; }
    public required long Execution { get; init; }

    /// <summary>Null where it was deleted.</summary>
    public long? WorkflowExecution { get; init; }

    /// <summary>Of the task's execution: its pack decides who may see it.</summary>
    public required string ActionRef { get; init; }
    public string? WorkflowRef { get; init; }
    public string? TaskName { get; init; }
    public required InquiryStatus Status { get; init; }
    public required string Prompt { get; init; }
    public string? ResponseSchema { get; init; }
    public required string[] AssigneeLogins { get; init; }
    public required string[] AssigneePermissionSets { get; init; }
    public required int Quorum { get; init; }
    public required bool NoSelfAnswer { get; init; }
    public DateTimeOffset? TimeoutAt { get; init; }
    public long? ReminderMs { get; init; }
    public required int NoticeCount { get; init; }
    public DateTimeOffset? RemindedAt { get; init; }
    public required DateTimeOffset Created { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Whether its execution waits for it; false where that ended otherwise.</summary>
    public required bool IsAwaited { get; init; }

    /// <summary>The caller is among those who are asked.</summary>
    public required bool IsAssigned { get; init; }

    /// <summary>The caller is behind the workflow, see <see cref="Executions.WhoStarted"/>. Only known where it matters.</summary>
    public required bool IsStarter { get; init; }

    /// <summary>The caller's answer counts already.</summary>
    public required bool HasAnswered { get; init; }

    /// <summary>Of the page before it was cut by its bytes; 0 where it is not.</summary>
    public int PageRows { get; init; }

    public string PackRef => ActionRef.Split('.', 2)[0];

    public bool IsOpen(DateTimeOffset now) => Status is InquiryStatus.Pending && IsAwaited && !(TimeoutAt <= now);
}

sealed record InquiryAnswerRow
{
    public required long Id { get; init; }
    public required string Login { get; init; }

    /// <summary>JSON.</summary>
    public required string Response { get; init; }
    public required bool Counted { get; init; }
    public required DateTimeOffset Created { get; init; }
}
