namespace Attune.Server.Actions;

static class ActionFeature
{
    public static IServiceCollection AddActions(this IServiceCollection services) => services
        .AddSingleton<ActionStore>()
        .AddSingleton<ActionCatalog>()
        .AddHostedService<ActionCatalogWatch>();

    public static void MapActions(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<ActionGrpc>();
}
