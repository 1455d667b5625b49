using Attune.Server.Hosting;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Inquiries;

sealed class InquiryGrpc(InquiryStore store, RespondInquiry respond, CancelInquiry cancel, TimeProvider clock)
    : InquiryService.InquiryServiceBase
{
    // Of prompts and schemas in one page.
    const long PageBytesMax = 2 << 20;

    public override async Task<GetInquiryResponse> GetInquiry(GetInquiryRequest request, ServerCallContext context)
    {
        var caller = context.GetCaller();
        var row = await store.FindAsync(request.InquiryId, caller, context.CancellationToken);
        if (row is null || !caller.May("inquiries", "read", row.PackRef))
            throw InquiryStore.NotFound(request.InquiryId).ToRpcException();
        return new() { Inquiry = await WithAnswersAsync(row, caller, context.CancellationToken) };
    }

    public override async Task<ListInquiriesResponse> ListInquiries(ListInquiriesRequest request, ServerCallContext context)
    {
        var caller = context.GetCaller();
        var page = Paging.NewestFirst(request.PageSize, request.PageToken).OrThrowRpc();
        var now = clock.GetUtcNow();
        var rows = await store.ListAsync(
            new()
            {
                Caller = caller,
                Statuses = [.. request.Statuses.Select(status => status.ToText())],
                AnswerableAt = request.Answerable ? now : null,
                WorkflowExecution = request.WorkflowExecutionId == 0 ? null : request.WorkflowExecutionId,
                ActionRef = NullIfEmpty(request.ActionRef),
                PackRef = NullIfEmpty(request.PackRef),
                CreatedAfter = request.CreatedAfter?.ToDateTimeOffset(),
                CreatedBefore = request.CreatedBefore?.ToDateTimeOffset(),
                Before = page.After,
                Limit = page.Limit,
                BytesMax = PageBytesMax,
            },
            context.CancellationToken);
        var cut = rows.Count > 0 && rows.Count < rows[0].PageRows ? Paging.Short(rows, row => row.Id) : page.Cut(rows, row => row.Id);
        return new() { Inquiries = { cut.Rows.Select(row => row.ToWire(caller, now)) }, NextPageToken = cut.NextToken };
    }

    public override async Task<RespondInquiryResponse> RespondInquiry(RespondInquiryRequest request, ServerCallContext context)
    {
        var caller = context.GetCaller();
        var row = (await respond.RunAsync(
            caller, request.InquiryId, request.Response.ToUtf8Json(), context.CancellationToken)).OrThrowRpc();
        return new() { Inquiry = await WithAnswersAsync(row, caller, context.CancellationToken) };
    }

    public override async Task<CancelInquiryResponse> CancelInquiry(CancelInquiryRequest request, ServerCallContext context)
    {
        var caller = context.GetCaller();
        var row = (await cancel.RunAsync(caller, request.InquiryId, request.Reason, context.CancellationToken)).OrThrowRpc();
        return new() { Inquiry = row.ToWire([], caller, clock.GetUtcNow()) };
    }

    async Task<Inquiry> WithAnswersAsync(InquiryRow row, Caller caller, CancellationToken ct)
        => row.ToWire(await store.ListAnswersAsync(row.Id, ct), caller, clock.GetUtcNow());

    static string? NullIfEmpty(string text) => text is "" ? null : text;
}
