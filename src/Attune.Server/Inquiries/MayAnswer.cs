using Attune.Server.Hosting;

namespace Attune.Server.Inquiries;

/// <summary>Whether a caller may answer a question, and why not. What holds for everyone is asked before what holds for this moment.</summary>
static class MayAnswer
{
    /// <summary>Null: they may, or could if it were still open.</summary>
    public static Failure? RefuseCaller(InquiryRow inquiry, Caller caller)
    {
        if (RefuseExecution(caller) is { } refused)
            return refused;
        if (!caller.May("inquiries", "respond", inquiry.PackRef))
            return Caller.Denied("inquiries", "respond", $"in pack '{inquiry.PackRef}'");
        if (inquiry.IsStarter)
            return new(FailureKind.Denied, "SELF_ANSWER", "You started this workflow, and whoever did may not answer this question.");
        return inquiry.IsAssigned ? null : new(FailureKind.Denied, "NOT_ASSIGNED", $"This question is for {Assignees(inquiry)}.");
    }

    /// <summary>Neither by an answer nor by withdrawing it does an execution decide a question. Null: the caller is none.</summary>
    public static Failure? RefuseExecution(Caller caller) => caller.ExecutionId is null ? null : new(
        FailureKind.Denied, "SELF_ANSWER",
        "An execution cannot decide a question: it is for people, and with its token a workflow could answer itself.");

    /// <summary>Null: they may, now.</summary>
    public static Failure? Refuse(InquiryRow inquiry, Caller caller, DateTimeOffset now)
        => RefuseCaller(inquiry, caller)
            ?? (!inquiry.IsOpen(now) ? Finished(inquiry, now) : inquiry.HasAnswered ? AlreadyAnswered(inquiry) : null);

    public static Failure AlreadyAnswered(InquiryRow inquiry) => new(
        FailureKind.Refused, "ALREADY_ANSWERED",
        inquiry.Quorum > 1
            ? $"You have answered inquiry {inquiry.Id}; it waits for other people."
            : $"You have answered inquiry {inquiry.Id}.");

    public static Failure Finished(InquiryRow inquiry, DateTimeOffset now) => new(
        FailureKind.Refused, "INQUIRY_FINISHED",
        inquiry.Status switch
        {
            InquiryStatus.Responded => $"Inquiry {inquiry.Id} is answered.",
            InquiryStatus.Cancelled => $"Inquiry {inquiry.Id} was withdrawn.",
            InquiryStatus.Timeout => $"The time to answer inquiry {inquiry.Id} is over.",
            _ when inquiry.TimeoutAt <= now => $"The time to answer inquiry {inquiry.Id} is over.",
            _ => $"Nobody waits for an answer to inquiry {inquiry.Id}: its execution has ended.",
        });

    static string Assignees(InquiryRow inquiry)
    {
        var people = string.Join(", ", inquiry.AssigneeLogins);
        var sets = inquiry.AssigneePermissionSets is [] ? "" : $"holders of {string.Join(", ", inquiry.AssigneePermissionSets)}";
        return (people, sets) switch
        {
            (_, "") => people,
            ("", _) => sets,
            _ => $"{people}, and {sets}",
        };
    }
}
