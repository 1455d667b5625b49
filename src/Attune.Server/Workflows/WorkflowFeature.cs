using Attune.Server.Inquiries;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Attune.Server.Workflows;

static class WorkflowFeature
{
    public static IServiceCollection AddWorkflows(this IServiceCollection services)
    {
        services.TryAddSingleton<StoreInquiries>();
        return services
            .AddSingleton<WorkflowSignals>()
            .AddSingleton<WorkflowGraphs>()
            .AddSingleton<WorkflowCache>(_ => new())
            .AddSingleton<PackConfigs>()
            .AddSingleton<LoadRuns>()
            .AddSingleton<ReadHappenings>()
            .AddSingleton<BringValues>()
            .AddSingleton<StepWorkflows>()
            .AddSingleton<PrepareSteps>()
            .AddSingleton<StoreSteps>()
            .AddSingleton<ConductWorkflows>()
            .AddSingleton<OperateWorkflow>()
            .AddSingleton<ConductLoop>()
            .AddHostedService(provider => provider.GetRequiredService<ConductLoop>());
    }
}
