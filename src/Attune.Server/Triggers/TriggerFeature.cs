namespace Attune.Server.Triggers;

static class TriggerFeature
{
    public static IServiceCollection AddTriggers(this IServiceCollection services) => services
        .AddSingleton<TriggerStore>()
        .AddSingleton<TriggerCatalog>()
        .AddSingleton<SaveTrigger>();

    public static void MapTriggers(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<TriggerGrpc>();
}
