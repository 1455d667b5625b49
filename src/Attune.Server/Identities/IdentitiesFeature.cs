namespace Attune.Server.Identities;

static class IdentitiesFeature
{
    public static IServiceCollection AddIdentities(this IServiceCollection services) => services
        .AddSingleton<SigningKeys>()
        .AddSingleton<TokenService>()
        .AddSingleton<CallerStore>()
        .AddSingleton<CallerCache>()
        .AddHostedService<CallerCacheRefresh>()
        .AddSingleton<ApiTokenUse>()
        .AddHostedService(provider => provider.GetRequiredService<ApiTokenUse>())
        .AddHostedService<CredentialCleanup>()
        .AddSingleton<IdentityStore>()
        .AddSingleton<PermissionSetStore>()
        .AddSingleton<PasswordHashing>()
        .AddSingleton<LoginThrottle>()
        .AddSingleton<RefreshTokens>()
        .AddSingleton<Logins>()
        .AddSingleton<IdentityDirectory>()
        .AddSingleton<PermissionAssignments>()
        .AddSingleton<SetPassword>()
        .AddSingleton<FirstAdmin>()
        .AddSingleton<ApiTokens>();

    public static void MapIdentities(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<IdentityGrpc>();
}
