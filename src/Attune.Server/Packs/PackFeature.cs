namespace Attune.Server.Packs;

static class PackFeature
{
    public static IServiceCollection AddPacks(this IServiceCollection services) => services
        .AddSingleton<PackStore>()
        .AddSingleton<ReleaseStore>()
        .AddSingleton<PackGrants>()
        .AddSingleton<PartCatalogs>()
        .AddSingleton<InstallPack>()
        .AddSingleton<CheckPack>()
        .AddSingleton<RemovePack>()
        .AddSingleton<CorePackLoader>()
        .AddHostedService(provider => provider.GetRequiredService<CorePackLoader>());

    public static void MapPacks(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<PackGrpc>();
}
