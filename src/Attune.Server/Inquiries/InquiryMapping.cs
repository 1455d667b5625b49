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

    /// <summary>For whoever may do something with it, and perhaps not read it: then only how it stands, and what they answered themselves.</summary>
    public static Wire.Inquiry ToWire(this InquiryRow row, IEnumerable<InquiryAnswerRow> answers, Caller caller, DateTimeOffset now)
    {
        var inquiry = row.ToWire(caller, now);
        if (caller.May("inquiries", "read", row.PackRef))
        {
            inquiry.Answers.Add(answers.Select(ToWire));
            return inquiry;
        }

        return new()
        {
            Id = inquiry.Id,
            Status = inquiry.Status,
            FinishedAt = inquiry.FinishedAt,
            Answerable = inquiry.Answerable,
            NotAnswerableBecause = inquiry.NotAnswerableBecause,
            Answers = { answers.Where(each => each.Login == caller.Login).Select(ToWire) },
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
