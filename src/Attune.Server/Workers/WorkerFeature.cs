using Attune.Server.Hosting;
using Attune.Server.Workers.Joining;

namespace Attune.Server.Workers;

static class WorkerFeature
{
    public static IServiceCollection AddWorkers(this IServiceCollection services) => services
        .AddJoining()
        .AddSettings<WorkerOptions, WorkerOptionsValidator>(WorkerOptions.Section)
        .AddSingleton<WorkerStore>()
        .AddSingleton<OperateWorkers>()
        .AddSingleton<AdmitAgent>()
        .AddSingleton<AgentReports>()
        .AddSingleton<AgentUpkeep>()
        .AddSingleton<AgentInbox>()
        .AddSingleton<ServeAgent>()
        .AddHostedService<AvailabilityWatch>();

    public static void MapWorkers(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<WorkerGrpc>();
}
