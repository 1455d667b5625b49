using Attune.Packs;
using Attune.Server.Hosting;
using Attune.Server.Webhooks;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Triggers;

sealed class TriggerGrpc(TriggerStore store, SaveTrigger save, WebhookOperations webhooks) : TriggerService.TriggerServiceBase
{
    public override async Task<GetTriggerResponse> GetTrigger(GetTriggerRequest request, ServerCallContext context)
    {
        // Before the look-up, so that a caller cannot find out what there is in packs that are not theirs.
        context.GetCaller().Demand("triggers", "read", PackNames.PackOf(request.Ref));
        var trigger = await store.FindAsync(request.Ref, context.CancellationToken) ?? throw SaveTrigger.NotFound(request.Ref).ToRpcException();
        return new() { Trigger = trigger.ToWire() };
    }

    public override async Task<ListTriggersResponse> ListTriggers(ListTriggersRequest request, ServerCallContext context)
    {
        var page = Paging.Ascending(request.PageSize, request.PageToken).OrThrowRpc();
        var packs = context.GetCaller().PacksFor("triggers", "read");
        var rows = await store.ListAsync(page, packs, request.PackRef, request.Tag, context.CancellationToken);
        var (shown, next) = page.Cut(rows, row => row.Ref);
        return new() { Triggers = { shown.Select(row => row.ToWire()) }, NextPageToken = next };
    }

    public override async Task<CreateTriggerResponse> CreateTrigger(CreateTriggerRequest request, ServerCallContext context)
    {
        var enabled = !request.HasEnabled || request.Enabled;
        var made = await save.CreateAsync(context.GetCaller(), request.Trigger ?? new(), enabled, context.CancellationToken);
        return new() { Trigger = made.OrThrowRpc().ToWire() };
    }

    public override async Task<UpdateTriggerResponse> UpdateTrigger(UpdateTriggerRequest request, ServerCallContext context)
    {
        var updated = await save.UpdateAsync(context.GetCaller(), request.Trigger ?? new(), request.UpdateMask, context.CancellationToken);
        return new() { Trigger = updated.OrThrowRpc().ToWire() };
    }

    public override async Task<DeleteTriggerResponse> DeleteTrigger(DeleteTriggerRequest request, ServerCallContext context)
    {
        (await save.DeleteAsync(context.GetCaller(), request.Ref, context.CancellationToken)).ThrowRpcIfAny();
        return new();
    }

    public override async Task<EnableTriggerResponse> EnableTrigger(EnableTriggerRequest request, ServerCallContext context)
    {
        var enabled = await save.SetEnabledAsync(context.GetCaller(), request.Ref, true, context.CancellationToken);
        return new() { Trigger = enabled.OrThrowRpc().ToWire() };
    }

    public override async Task<DisableTriggerResponse> DisableTrigger(DisableTriggerRequest request, ServerCallContext context)
    {
        var disabled = await save.SetEnabledAsync(context.GetCaller(), request.Ref, false, context.CancellationToken);
        return new() { Trigger = disabled.OrThrowRpc().ToWire() };
    }

    public override async Task<EnableWebhookResponse> EnableWebhook(EnableWebhookRequest request, ServerCallContext context)
        => (await webhooks.EnableAsync(context.GetCaller(), request, context.CancellationToken)).OrThrowRpc();

    public override async Task<DisableWebhookResponse> DisableWebhook(DisableWebhookRequest request, ServerCallContext context)
        => (await webhooks.DisableAsync(context.GetCaller(), request, context.CancellationToken)).OrThrowRpc();

    public override async Task<RotateWebhookResponse> RotateWebhook(RotateWebhookRequest request, ServerCallContext context)
        => (await webhooks.RotateAsync(context.GetCaller(), request, context.CancellationToken)).OrThrowRpc();

    public override async Task<GetWebhookResponse> GetWebhook(GetWebhookRequest request, ServerCallContext context)
        => (await webhooks.GetAsync(context.GetCaller(), request, context.CancellationToken)).OrThrowRpc();
}
