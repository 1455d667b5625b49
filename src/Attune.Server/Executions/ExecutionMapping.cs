using System.Text.Json;
using Attune.Engine.Placement;
using Attune.Server.Dispatch;
using Attune.Server.Hosting;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Executions;

static class ExecutionMapping
{
    public static Wire.Execution ToWire(this Execution row)
    {
        var execution = new Wire.Execution
        {
            Id = row.Id,
            ActionRef = row.ActionRef,
            Status = row.Status.ToWire(),
            Parameters = JsonStruct.ToStruct(ParameterSecrets.Conceal(row.Config)),
            Result = JsonStruct.ToValue(row.Result),
            Error = ErrorJson.Read(row.Error),
            Attempt = row.Attempt,
            MaxAttempts = row.MaxAttempts,
            WorkerName = row.WorkerName ?? "",
            ExecutorLogin = row.ExecutorLogin ?? "",
            ParentId = row.Parent ?? 0,
            EnforcementId = row.Enforcement ?? 0,
            RuleRef = row.RuleRef ?? "",
            EventId = row.Event ?? 0,
            RerunOfId = row.RerunOf ?? 0,
            Priority = row.Priority,
            Timeout = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(row.TimeoutMs)),
            ReleaseDigest = row.ReleaseDigest ?? "",
            Created = row.Created.ToTimestamp(),
            Updated = row.Updated.ToTimestamp(),
            ScheduledAt = row.ScheduledAt?.ToTimestamp(),
            StartedAt = row.StartedAt?.ToTimestamp(),
            FinishedAt = row.FinishedAt?.ToTimestamp(),
            NextAttemptAt = row.NextAttemptAt?.ToTimestamp(),
            IsWorkflow = row.IsWorkflow,
            TaskName = row.TaskName ?? "",
        };
        if (row.ItemIndex is { } item)
            execution.ItemIndex = item;
        if (row.WorkerLabels is not "{}")
            execution.WorkerLabels.Add(JsonSerializer.Deserialize<Dictionary<string, string>>(row.WorkerLabels));
        return execution;
    }

    public static Wire.ExecutionAttempt ToWire(this ExecutionAttempt row) => new()
    {
        Attempt = row.Attempt,
        Status = row.Status.ToWire(),
        WorkerName = row.WorkerName ?? "",
        Error = ErrorJson.Read(row.Error),
        StartedAt = row.StartedAt?.ToTimestamp(),
        FinishedAt = row.FinishedAt?.ToTimestamp(),
    };

    public static Wire.LogChunk ToWire(this LogRecord row) => new()
    {
        Attempt = row.Attempt,
        Sequence = row.Sequence,
        Stream = (Wire.LogStream)row.Stream,
        Content = UnsafeByteOperations.UnsafeWrap(row.Content),
        Time = row.LoggedAt.ToTimestamp(),
    };

    public static Wire.StreamExecutionLogsResponse ToWire(this LogPage page) => new()
    {
        Chunks = { page.Chunks.Select(ToWire) },
        Cursor = page.Cursor == default ? "" : page.Cursor.ToString(),
        Outcome = page.Outcome?.ToWire(),
    };

    public static Wire.ExplainExecutionResponse ToWire(this Explanation explanation) => new()
    {
        Summary = explanation.Summary,
        Reasons =
        {
            explanation.Reasons.Select(reason => new Wire.ExplainExecutionReason
            {
                Code = reason.Code,
                Sentence = reason.Sentence,
                WorkerName = reason.WorkerName ?? "",
            }),
        },
    };

    public static StartCommand ToCommand(this Wire.StartExecutionRequest request) => new()
    {
        ActionRef = request.ActionRef,
        Parameters = request.Parameters.ToUtf8Json(),
        WorkerLabels = request.WorkerLabels,
        Timeout = request.Timeout?.ToTimeSpan(),
        Priority = request.HasPriority ? request.Priority : null,
        EnvVars = request.EnvVars,
    };

    public static StartCommand ToCommand(this Wire.StartExecutionsItem item) => new()
    {
        ActionRef = item.ActionRef,
        Parameters = item.Parameters.ToUtf8Json(),
        WorkerLabels = item.WorkerLabels,
        Timeout = item.Timeout?.ToTimeSpan(),
        Priority = item.HasPriority ? item.Priority : null,
        EnvVars = item.EnvVars,
    };

    /// <summary>The first of what was just stored, without reading it back.</summary>
    public static Wire.Execution ToWire(this NewExecution item, StoredExecutions stored, string login)
    {
        var scheduled = stored.Scheduled[0];
        var created = stored.Created.ToTimestamp();
        var execution = new Wire.Execution
        {
            Id = stored.Ids[0],
            ActionRef = item.Action.Ref,
            Status = scheduled ? Wire.ExecutionStatus.Scheduled : Wire.ExecutionStatus.Requested,
            Parameters = JsonStruct.ToStruct(ParameterSecrets.Conceal(item.Config)),
            Attempt = scheduled ? 1 : 0,
            MaxAttempts = item.Action.RetryPolicy.MaxAttempts,
            ExecutorLogin = login,
            RerunOfId = item.RerunOf ?? 0,
            Priority = item.Priority,
            Timeout = Duration.FromTimeSpan(item.Timeout),
            ReleaseDigest = item.Action.ReleaseDigest,
            Created = created,
            Updated = created,
            ScheduledAt = scheduled ? created : null,
            IsWorkflow = item.Action.IsWorkflow,
        };
        execution.WorkerLabels.Add(new Dictionary<string, string>(item.WorkerLabels));
        return execution;
    }

    public static string ToText(this Wire.ExecutionStatus status) => status.ToString().ToLowerInvariant();

    public static Wire.ExecutionStatus ToWire(this ExecutionStatus status) => status switch
    {
        ExecutionStatus.Requested => Wire.ExecutionStatus.Requested,
        ExecutionStatus.Scheduling => Wire.ExecutionStatus.Scheduling,
        ExecutionStatus.Scheduled => Wire.ExecutionStatus.Scheduled,
        ExecutionStatus.Running => Wire.ExecutionStatus.Running,
        ExecutionStatus.Completed => Wire.ExecutionStatus.Completed,
        ExecutionStatus.Failed => Wire.ExecutionStatus.Failed,
        ExecutionStatus.Canceling => Wire.ExecutionStatus.Canceling,
        ExecutionStatus.Cancelled => Wire.ExecutionStatus.Cancelled,
        ExecutionStatus.Timeout => Wire.ExecutionStatus.Timeout,
        ExecutionStatus.Abandoned => Wire.ExecutionStatus.Abandoned,
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, null),
    };
}
