namespace Attune.Server.Runtimes;

static class RuntimeFeature
{
    public static IServiceCollection AddRuntimes(this IServiceCollection services) => services.AddSingleton<RuntimeStore>();

    public static void MapRuntimes(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<RuntimeGrpc>();
}
