using Attune.Packs;
using Attune.Server.Hosting;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Actions;

sealed class ActionGrpc(ActionStore store) : ActionService.ActionServiceBase
{
    public override async Task<GetActionResponse> GetAction(GetActionRequest request, ServerCallContext context)
    {
        // Before the look-up, so that a caller cannot find out what there is in packs that are not theirs.
        context.GetCaller().Demand("actions", "read", PackNames.PackOf(request.Ref));
        var action = await store.FindAsync(request.Ref, context.CancellationToken)
            ?? throw Failure.NotFound("ACTION_NOT_FOUND", $"There is no action '{request.Ref}'.").ToRpcException();
        return new() { Action = action.ToWire() };
    }

    public override async Task<ListActionsResponse> ListActions(ListActionsRequest request, ServerCallContext context)
    {
        var page = Paging.Ascending(request.PageSize, request.PageToken).OrThrowRpc();
        var packs = context.GetCaller().PacksFor("actions", "read");
        var rows = await store.ListAsync(page, packs, request.PackRef, request.Tag, context.CancellationToken);
        var (shown, next) = page.Cut(rows, row => row.Ref);
        return new() { Actions = { shown.Select(row => row.ToWire()) }, NextPageToken = next };
    }
}
