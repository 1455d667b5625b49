using Attune.Server.Hosting;

namespace Attune.Server.Webhooks;

static class WebhookFeature
{
    public static IServiceCollection AddWebhooks(this IServiceCollection services) => services
        .AddSingleton<WebhookStore>()
        .AddSingleton<WebhookSecrets>()
        .AddSingleton<WebhookCatalog>()
        .AddSingleton<WebhookOperations>()
        .AddSingleton<ReceiveWebhook>()
        .AddSingleton<WebhookHttp>()
        .AddHostedService<WebhookCatalogWatch>();

    public static void MapWebhooks(this IEndpointRouteBuilder endpoints)
        => HttpPort.Serve(endpoints.Map(
            "/webhooks/{key}", context => context.RequestServices.GetRequiredService<WebhookHttp>().AnswerAsync(context)));
}
