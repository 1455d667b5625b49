namespace Attune.Server.Status;

static class StatusFeature
{
    public static IServiceCollection AddStatus(this IServiceCollection services) => services
        .AddSingleton<StatusStore>()
        .AddSingleton<SystemGrpc>();

    public static void MapStatus(this IEndpointRouteBuilder endpoints)
    {
        // Made now, not at the first call: it remembers when the server started.
        endpoints.ServiceProvider.GetRequiredService<SystemGrpc>();
        endpoints.MapGrpcService<SystemGrpc>();
    }
}
