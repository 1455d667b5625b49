using System.CommandLine;
using Attune.Cli.Output;
using Attune.Cli.Parameters;
using Attune.V1;

namespace Attune.Cli.Commands.Inquiries;

static class ShowInquiry
{
    static readonly Argument<string> id = InquiryText.Id();

    public static Command Command()
        => new Command("show", "One inquiry: what is asked, of whom, and every answer").With(id).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new GetInquiryRequest { InquiryId = InquiryText.ParseId(run.Get(id)) };
        Write(run, (await run.Client.Inquiries.GetInquiryAsync(request, cancellationToken: ct)).Inquiry);
    }

    public static void Write(Invocation run, Inquiry inquiry) => run.Answer.Show(
        inquiry,
        new("Id", inquiry.Id),
        new("Question", inquiry.Prompt),
        new("Status", InquiryText.Status(inquiry.Status)),
        new("Workflow", inquiry.ActionRef),
        new("Task", inquiry.TaskName),
        new("Execution", inquiry.WorkflowExecutionId is 0
            ? $"{inquiry.ExecutionId}"
            : $"{inquiry.ExecutionId} of {inquiry.WorkflowExecutionId}  (attune execution tree {inquiry.WorkflowExecutionId})"),
        new("For", InquiryText.Assignees(inquiry) is { Length: > 0 } assignees ? assignees : "whoever may answer inquiries"),
        new("Must answer", inquiry.Quorum > 1 ? $"{inquiry.Quorum} people" : ""),
        new("Self answer", inquiry.NoSelfAnswer ? "not by whoever started the workflow" : ""),
        new("Answer", SchemaText.Fields(inquiry.ResponseSchema)),
        new("You", You(inquiry)),
        new("Created", Texts.Moment(inquiry.Created, run.Clock)),
        new("Times out", Texts.Moment(inquiry.TimeoutAt, run.Clock)),
        new("Reminder", inquiry.ReminderInterval is { } interval ? $"every {Texts.Setting(interval.ToTimeSpan())}" : ""),
        new("Reminded", inquiry.ReminderCount is 0 ? "" : $"{inquiry.ReminderCount} times, last {Texts.Moment(inquiry.RemindedAt, run.Clock)}"),
        new("Finished", Texts.Moment(inquiry.FinishedAt, run.Clock)),
        new("Answers", string.Join('\n', inquiry.Answers.Select(each => Line(each, run.Clock)))));

    static string You(Inquiry inquiry)
        => inquiry.Answerable ? $"may answer: attune inquiry respond {inquiry.Id}"
            : inquiry.Status is InquiryStatus.Pending ? inquiry.NotAnswerableBecause
            : "";

    static string Line(InquiryAnswer answer, TimeProvider clock)
        => $"{answer.Login}, {Texts.Ago(answer.Time, clock)}{(answer.Counted ? "" : ", too late")}: {WireJson.OfLine(answer.Response)}";
}
