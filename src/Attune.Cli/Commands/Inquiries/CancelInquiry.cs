using System.CommandLine;

namespace Attune.Cli.Commands.Inquiries;

static class CancelInquiry
{
    static readonly Argument<string> id = InquiryText.Id();
    static readonly Option<string?> reason = new("--reason") { Description = "Kept with the task", HelpName = "TEXT" };

    public static Command Command()
        => new Command("cancel", "Withdraw an inquiry: its task ends as cancelled").With(id, reason).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var inquiryId = InquiryText.ParseId(run.Get(id));
        var answer = await run.Client.Inquiries.CancelInquiryAsync(
            new() { RequestId = Guid.NewGuid().ToString("N"), InquiryId = inquiryId, Reason = run.Get(reason) ?? "" }, cancellationToken: ct);
        run.Answer.Done(answer.Inquiry, $"Inquiry {answer.Inquiry.Id} is withdrawn; its task ended as cancelled.");
    }
}
