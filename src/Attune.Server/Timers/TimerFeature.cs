namespace Attune.Server.Timers;

static class TimerFeature
{
    public static IServiceCollection AddTimers(this IServiceCollection services) => services
        .AddSingleton<TimerStore>()
        .AddSingleton<PlanTimers>()
        .AddSingleton<FireTimers>()
        .AddSingleton<ChangedRules>()
        .AddSingleton<DescribeTimer>()
        .AddHostedService(provider => provider.GetRequiredService<ChangedRules>())
        .AddHostedService<TimerLoop>();
}
