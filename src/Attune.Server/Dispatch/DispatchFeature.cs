namespace Attune.Server.Dispatch;

static class DispatchFeature
{
    public static IServiceCollection AddDispatch(this IServiceCollection services) => services
        .AddSingleton<AgentSessions>()
        .AddSingleton<DispatchStore>()
        .AddSingleton<ReportStore>()
        .AddSingleton<ClaimWork>()
        .AddSingleton<DeliverWork>()
        .AddSingleton<UndeliveredWork>()
        .AddLoop<Dispatcher>()
        .AddLoop<ReportWriter>()
        .AddLoop<CancelRequests>()
        .AddLoop<LostWork>()
        .AddHostedService<DispatchSignals>();

    // The loop is also a service: what wakes it must be the one that runs.
    static IServiceCollection AddLoop<TLoop>(this IServiceCollection services)
        where TLoop : BackgroundService
        => services.AddSingleton<TLoop>().AddHostedService(provider => provider.GetRequiredService<TLoop>());
}
