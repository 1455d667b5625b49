namespace Attune.Server.Status;

static class StatusFeature
{
    // A singleton service: it remembers when the server started.
    public static IServiceCollection AddStatus(this IServiceCollection services) => services
        .AddSingleton<StatusStore>()
        .AddSingleton<SystemGrpc>();

    public static void MapStatus(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<SystemGrpc>();
}
