namespace Attune.Server.Workflows;

static class WorkflowFeature
{
    public static IServiceCollection AddWorkflows(this IServiceCollection services) => services
        .AddSingleton<ConductWorkflows>()
        .AddSingleton<OperateWorkflow>();
}
