using Attune.Server.Hosting;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Inquiries;

static class InquiryMapping
{
    public static Wire.Inquiry ToWire(this InquiryRow row, Caller caller, DateTimeOffset now)
    {
        var refused = MayAnswer.Refuse(row, caller, now);
        return new()
        {
            Id = row.Id,
            ExecutionId = row.Execution,
            WorkflowExecutionId = row.WorkflowExecution ?? 0,
            ActionRef = row.WorkflowRef ?? row.ActionRef,
            TaskName = row.TaskName ?? "",
            Status = row.Status switch
            {
                InquiryStatus.Pending => Wire.InquiryStatus.Pending,
                InquiryStatus.Responded => Wire.InquiryStatus.Responded,
                InquiryStatus.Timeout => Wire.InquiryStatus.Timeout,
                InquiryStatus.Cancelled => Wire.InquiryStatus.Cancelled,
                _ => throw new ArgumentOutOfRangeException(nameof(row), row.Status, null),
            },
            Prompt = row.Prompt,
            ResponseSchema = JsonStruct.ToStruct(row.ResponseSchema),
            AssigneeLogins = { row.AssigneeLogins },
            AssigneePermissionSets = { row.AssigneePermissionSets },
            Quorum = row.Quorum,
            NoSelfAnswer = row.NoSelfAnswer,
            TimeoutAt = row.TimeoutAt?.ToTimestamp(),
            ReminderInterval = row.ReminderMs is { } length ? Duration.FromTimeSpan(TimeSpan.FromMilliseconds(length)) : null,
            RemindedAt = row.RemindedAt?.ToTimestamp(),
            ReminderCount = Math.Max(0, row.NoticeCount - 1),
            Created = row.Created.ToTimestamp(),
            FinishedAt = row.FinishedAt?.ToTimestamp(),
            Answerable = refused is null,
            NotAnswerableBecause = refused?.Message ?? "",
        };
    }

    public static Wire.InquiryAnswer ToWire(this InquiryAnswerRow row) => new()
    {
        Id = row.Id,
        Login = row.Login,
        Response = JsonStruct.ToStruct(row.Response),
        Time = row.Created.ToTimestamp(),
        Counted = row.Counted,
    };

    public static string ToText(this Wire.InquiryStatus status) => status.ToString().ToLowerInvariant();
}
