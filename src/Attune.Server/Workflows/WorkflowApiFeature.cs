namespace Attune.Server.Workflows;

static class WorkflowApiFeature
{
    public static IServiceCollection AddWorkflowApi(this IServiceCollection services) => services
        .AddSingleton<WorkflowDefinitionStore>()
        .AddSingleton<WorkflowRunStore>()
        .AddSingleton<ExecutionTreeStore>()
        .AddSingleton<GetWorkflow>()
        .AddSingleton<GetWorkflowExecution>()
        .AddSingleton<GetExecutionTree>()
        .AddSingleton<ExplainWorkflow>();

    public static void MapWorkflowApi(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<WorkflowGrpc>();
}
