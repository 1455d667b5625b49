namespace Attune.Server.Events;

static class EventFeature
{
    public static IServiceCollection AddEvents(this IServiceCollection services) => services
        .AddSingleton<EventStore>()
        .AddSingleton<PrepareEvent>()
        .AddSingleton<StoreEvents>()
        .AddSingleton<RecordEvents>()
        .AddSingleton<EmitEvents>();

    public static void MapEvents(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<EventGrpc>();
}
