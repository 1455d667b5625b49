using Attune.Cli.Completion;
using Attune.Cli.Output;
using Attune.Cli.Terminals;
using Attune.V1;

namespace Attune.Cli.Commands.Inquiries;

static class InquiryText
{
    public static Suggested<string> Id() => new("ID", Suggestions.InquiryIdsAsync) { Description = "Id of the inquiry" };

    public static long ParseId(string text) => Ids.Parse(text, "an inquiry", "attune inquiry list");

    public static Cell Status(InquiryStatus status) => new(
        status is InquiryStatus.Unspecified ? "" : Texts.Word(status),
        status switch
        {
            InquiryStatus.Responded => Tone.Good,
            InquiryStatus.Timeout => Tone.Bad,
            InquiryStatus.Cancelled => Tone.Dim,
            _ => Tone.Busy,
        });

    /// <summary>`ada, bob, holders of shop.approvers`; empty: whoever may.</summary>
    public static string Assignees(Inquiry inquiry) => string.Join(
        ", ", [.. inquiry.AssigneeLogins, .. inquiry.AssigneePermissionSets.Select(each => $"holders of {each}")]);
}
