using Attune.Packs;
using Attune.Server.Hosting;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Events;

sealed class EventGrpc(EmitEvents emit, EventStore store) : EventService.EventServiceBase
{
    const int ItemsMax = 1000;

    // What a message carries well; a page of large payloads ends earlier.
    const int PageBytesMax = 3 << 20;

    public override async Task<EmitEventResponse> EmitEvent(EmitEventRequest request, ServerCallContext context)
    {
        var caller = context.GetCaller();
        var recorded = (await emit.RunAsync(caller, [request.ToNew(caller)], _ => "", context.CancellationToken)).OrThrowRpc()[0];
        return new() { EventId = recorded.Id, Duplicate = recorded.IsDuplicate, ExecutionIds = { recorded.ExecutionIds } };
    }

    public override async Task<EmitEventsResponse> EmitEvents(EmitEventsRequest request, ServerCallContext context)
    {
        if (request.Items.Count is 0 or > ItemsMax)
        {
            throw Failure.Invalid("ITEMS_INVALID", "items", $"has {request.Items.Count} items; 1 to {ItemsMax} are allowed.")
                .ToRpcException();
        }

        var caller = context.GetCaller();
        var recorded = (await emit.RunAsync(
            caller, [.. request.Items.Select(item => item.ToNew(caller))], index => $"items[{index}].", context.CancellationToken)).OrThrowRpc();
        return new()
        {
            Events = { recorded.Select(each => new EmittedEvent { EventId = each.Id, Duplicate = each.IsDuplicate, ExecutionIds = { each.ExecutionIds } }) },
        };
    }

    public override async Task<GetEventResponse> GetEvent(GetEventRequest request, ServerCallContext context)
    {
        var caller = context.GetCaller();
        if (await store.FindAsync([request.EventId], context.CancellationToken) is not [var row]
            || !caller.May("events", "read", PackNames.PackOf(row.TriggerRef)))
        {
            throw EventStore.NotFound([request.EventId]).ToRpcException();
        }

        var enforcements = await store.ListOfEventsAsync([row.Id], context.CancellationToken);
        return new() { Event = row.ToWire(enforcements, caller) };
    }

    public override async Task<ListEventsResponse> ListEvents(ListEventsRequest request, ServerCallContext context)
    {
        var page = Paging.NewestFirst(request.PageSize, request.PageToken).OrThrowRpc();
        var rows = await store.ListAsync(
            new()
            {
                TriggerRef = NullIfEmpty(request.TriggerRef),
                SourceRef = NullIfEmpty(request.SourceRef),
                RuleRef = NullIfEmpty(request.RuleRef),
                Origins = [.. request.Origins.Where(origin => origin is > EventOrigin.Unspecified and <= EventOrigin.Replay).Select(EventMapping.ToText)],
                CreatedAfter = request.CreatedAfter?.ToDateTimeOffset(),
                CreatedBefore = request.CreatedBefore?.ToDateTimeOffset(),
                Packs = context.GetCaller().PacksFor("events", "read")?.ToArray(),
                Before = page.After,
                Limit = page.Limit,
                Full = request.Full,
                BytesMax = PageBytesMax,
            },
            context.CancellationToken);
        var cut = request.Full && rows.Count > 0 && rows.Count < rows[0].PageRows
            ? Paging.Short(rows, row => row.Id)
            : page.Cut(rows, row => row.Id);
        return new() { Events = { cut.Rows.Select(row => row.ToWire()) }, NextPageToken = cut.NextToken };
    }

    public override async Task<GetEnforcementResponse> GetEnforcement(GetEnforcementRequest request, ServerCallContext context)
    {
        var caller = context.GetCaller();
        if (await store.FindEnforcementAsync(request.EnforcementId, context.CancellationToken) is not { } row
            || !caller.May("events", "read", PackNames.PackOf(row.TriggerRef)))
        {
            throw Failure.NotFound("ENFORCEMENT_NOT_FOUND", $"No enforcement {request.EnforcementId} that you may see.").ToRpcException();
        }

        return new() { Enforcement = row.ToWire(caller) };
    }

    public override async Task<ListEnforcementsResponse> ListEnforcements(ListEnforcementsRequest request, ServerCallContext context)
    {
        var caller = context.GetCaller();
        var page = Paging.NewestFirst(request.PageSize, request.PageToken).OrThrowRpc();
        var rows = await store.ListEnforcementsAsync(
            new()
            {
                RuleRef = NullIfEmpty(request.RuleRef),
                Event = request.EventId == 0 ? null : request.EventId,
                Statuses = [.. request.Statuses.Where(status => status is > EnforcementStatus.Unspecified and <= EnforcementStatus.Disabled).Select(status => status.ToString().ToLowerInvariant())],
                TriggerRef = NullIfEmpty(request.TriggerRef),
                Failed = request.Failed,
                CreatedAfter = request.CreatedAfter?.ToDateTimeOffset(),
                CreatedBefore = request.CreatedBefore?.ToDateTimeOffset(),
                Packs = caller.PacksFor("events", "read")?.ToArray(),
                Before = page.After,
                Limit = page.Limit,
            },
            context.CancellationToken);
        var cut = page.Cut(rows, row => row.Id);
        return new() { Enforcements = { cut.Rows.Select(row => row.ToWire(caller)) }, NextPageToken = cut.NextToken };
    }

    static string? NullIfEmpty(string text) => text is "" ? null : text;
}
