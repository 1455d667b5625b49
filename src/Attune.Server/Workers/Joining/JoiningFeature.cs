namespace Attune.Server.Workers.Joining;

static class JoiningFeature
{
    public static IServiceCollection AddJoining(this IServiceCollection services) => services
        .AddSingleton<AuthorityStore>()
        .AddSingleton<CertificateAuthority>()
        .AddSingleton<JoiningStore>()
        .AddSingleton<AgentCertificates>()
        .AddSingleton<AgentAuthentication>()
        .AddSingleton<EnrollWorker>()
        .AddSingleton<RenewCertificate>()
        .AddSingleton<JoinTokens>();
}
