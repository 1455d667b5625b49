namespace Attune.Server.Workflows;

static class WorkflowFeature
{
    public static IServiceCollection AddWorkflows(this IServiceCollection services) => services
        .AddSingleton<WorkflowSignals>()
        .AddSingleton<ConductWorkflows>()
        .AddSingleton<OperateWorkflow>();
}
