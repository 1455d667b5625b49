using System.Collections.Concurrent;
using System.Globalization;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Cli.Tests.Planes;

/// <summary>Inquiry 7 waits for the caller, 8 for somebody else, 9 is over; 10 may not be read.</summary>
public sealed class FakeInquiries : InquiryService.InquiryServiceBase
{
    public ConcurrentQueue<RespondInquiryRequest> Answered { get; } = new();

    public ConcurrentQueue<CancelInquiryRequest> Cancelled { get; } = new();

    public ConcurrentQueue<ListInquiriesRequest> Listed { get; } = new();

    public int ListTotal { get; set; } = 3;

    public override Task<GetInquiryResponse> GetInquiry(GetInquiryRequest request, ServerCallContext context)
        => request.InquiryId switch
        {
            10 => throw FakeControlPlane.Failure(StatusCode.PermissionDenied, "PERMISSION_DENIED", "You lack the permission 'inquiries: read'."),
            404 => throw FakeControlPlane.Failure(StatusCode.NotFound, "INQUIRY_NOT_FOUND", "No inquiry 404 that you may see."),
            _ => Task.FromResult(new GetInquiryResponse { Inquiry = Of(request.InquiryId) }),
        };

    public override Task<ListInquiriesResponse> ListInquiries(ListInquiriesRequest request, ServerCallContext context)
    {
        Listed.Enqueue(request.Clone());
        var from = request.PageToken is "" ? ListTotal : int.Parse(request.PageToken, CultureInfo.InvariantCulture);
        var size = Math.Min(request.PageSize, from);
        var page = new ListInquiriesResponse { NextPageToken = from - size > 0 ? (from - size).ToString(CultureInfo.InvariantCulture) : "" };
        page.Inquiries.Add(Enumerable.Range(0, size).Select(each => Of(6 + from - each)));
        return Task.FromResult(page);
    }

    public override Task<RespondInquiryResponse> RespondInquiry(RespondInquiryRequest request, ServerCallContext context)
    {
        Answered.Enqueue(request);
        if (request.InquiryId is 9)
            throw FakeControlPlane.Failure(StatusCode.FailedPrecondition, "INQUIRY_FINISHED", "Inquiry 9 is answered.");

        var inquiry = request.InquiryId is 10 ? new() { Id = 10, Status = InquiryStatus.Pending } : Of(request.InquiryId);
        inquiry.Answers.Add(new InquiryAnswer { Id = 1, Login = "ada", Response = request.Response, Counted = true, Time = FakeExecutions.Noon });
        if (inquiry.Quorum == 1)
            inquiry.Status = InquiryStatus.Responded;
        return Task.FromResult(new RespondInquiryResponse { Inquiry = inquiry });
    }

    public override Task<CancelInquiryResponse> CancelInquiry(CancelInquiryRequest request, ServerCallContext context)
    {
        Cancelled.Enqueue(request);
        var inquiry = Of(request.InquiryId);
        inquiry.Status = InquiryStatus.Cancelled;
        return Task.FromResult(new CancelInquiryResponse { Inquiry = inquiry });
    }

    static Inquiry Of(long id) => new()
    {
        Id = id,
        ExecutionId = 42,
        WorkflowExecutionId = 41,
        ActionRef = "shop.deploy",
        TaskName = "approve",
        Status = id is 9 ? InquiryStatus.Responded : InquiryStatus.Pending,
        Prompt = "Install web:1.2 on 3 hosts?\nThink twice.",
        ResponseSchema = Struct.Parser.ParseJson(
            """
            {
                "approved": {"type": "boolean", "required": true, "description": "Whether to go on"},
                "hosts": {"type": "integer"},
                "where": {"type": "string", "enum": ["one", "all"], "default": "all"}
            }
            """),
        AssigneeLogins = { id is 8 ? ["bob"] : Array.Empty<string>() },
        AssigneePermissionSets = { id is 8 ? ["shop.approvers"] : Array.Empty<string>() },
        Quorum = id is 8 or 10 ? 2 : 1,
        NoSelfAnswer = id is 8,
        TimeoutAt = FakeExecutions.Noon,
        ReminderInterval = Duration.FromTimeSpan(TimeSpan.FromMinutes(30)),
        ReminderCount = 2,
        RemindedAt = FakeExecutions.Noon,
        Created = FakeExecutions.Noon,
        Answerable = id is 7,
        NotAnswerableBecause = id is 7 ? "" : "This question is for bob, and holders of shop.approvers.",
        Answers =
        {
            id is 9
                ? [
                    new InquiryAnswer { Id = 1, Login = "bob", Response = Struct.Parser.ParseJson("""{"approved": true}"""), Counted = true, Time = FakeExecutions.Noon },
                    new InquiryAnswer { Id = 2, Login = "eve", Response = Struct.Parser.ParseJson("""{"approved": false}"""), Time = FakeExecutions.Noon },
                ]
                : Array.Empty<InquiryAnswer>(),
        },
    };
}
