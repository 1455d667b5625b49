namespace Attune.Server.Identities;

static class IdentitiesFeature
{
    public static IServiceCollection AddIdentities(this IServiceCollection services) => services
        .AddSingleton<SigningKeys>()
        .AddSingleton<TokenService>()
        .AddSingleton<CallerStore>()
        .AddSingleton<CallerCache>()
        .AddSingleton<ApiTokenUse>()
        .AddHostedService(provider => provider.GetRequiredService<ApiTokenUse>());
}
