using Attune.Server.Hosting;
using Attune.V1;

namespace Attune.Server.Webhooks;

/// <summary>Opens, closes and shows the webhooks of triggers. Each call demands the caller's right on the trigger's pack.</summary>
sealed class WebhookOperations
{
    public Task<Result<EnableWebhookResponse>> EnableAsync(Caller caller, EnableWebhookRequest request, CancellationToken ct)
        => throw new NotImplementedException();

    public Task<Result<DisableWebhookResponse>> DisableAsync(Caller caller, DisableWebhookRequest request, CancellationToken ct)
        => throw new NotImplementedException();

    public Task<Result<RotateWebhookResponse>> RotateAsync(Caller caller, RotateWebhookRequest request, CancellationToken ct)
        => throw new NotImplementedException();

    public Task<Result<GetWebhookResponse>> GetAsync(Caller caller, GetWebhookRequest request, CancellationToken ct)
        => throw new NotImplementedException();
}
