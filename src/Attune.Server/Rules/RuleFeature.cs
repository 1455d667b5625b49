namespace Attune.Server.Rules;

static class RuleFeature
{
    public static IServiceCollection AddRules(this IServiceCollection services) => services
        .AddSingleton<RuleStore>()
        .AddSingleton<RuleCatalog>()
        .AddSingleton<ApplyRule>()
        .AddSingleton<CheckRule>()
        .AddSingleton<SaveRule>()
        .AddSingleton<TrialRules>()
        .AddSingleton<TestRule>()
        .AddSingleton<ReplayEvents>()
        .AddSingleton<RuleCommands>()
        .AddHostedService<RuleCatalogWatch>();

    public static void MapRules(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<RuleGrpc>();
}
