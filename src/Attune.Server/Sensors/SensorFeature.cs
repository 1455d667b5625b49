namespace Attune.Server.Sensors;

static class SensorFeature
{
    public static IServiceCollection AddSensors(this IServiceCollection services) => services
        .AddSingleton<SensorStore>()
        .AddSingleton<SensorNoteStore>()
        .AddSingleton<SensorEventStore>()
        .AddSingleton<SensorLogs>()
        .AddSingleton<DescribeSensor>()
        .AddSingleton<AssignSensors>()
        .AddSingleton<PushSensors>()
        .AddSingleton<TakeSensorEvents>()
        .AddSingleton<AgentSensors>()
        .AddHosted<SensorLogSignals>()
        .AddHosted<SensorWriter>()
        .AddHosted<SensorLoop>();

    public static void MapSensors(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<SensorGrpc>();

    // The service is also injected: whoever calls it must reach the one that runs.
    static IServiceCollection AddHosted<T>(this IServiceCollection services)
        where T : class, IHostedService
        => services.AddSingleton<T>().AddHostedService(provider => provider.GetRequiredService<T>());
}
