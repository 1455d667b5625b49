namespace Attune.Server.Workflows;

static class WorkflowApiFeature
{
    public static IServiceCollection AddWorkflowApi(this IServiceCollection services) => services
        .AddSingleton<WorkflowDefinitionStore>()
        .AddSingleton<ShownRunStore>()
        .AddSingleton<ExecutionTreeStore>()
        .AddSingleton<CalledActionStore>()
        .AddSingleton<CheckWorkflow>()
        .AddSingleton<GetWorkflow>()
        .AddSingleton<GetWorkflowExecution>()
        .AddSingleton<GetExecutionTree>()
        .AddSingleton<ExplainWorkflow>()
        .AddSingleton<WorkflowLogs>()
        .AddSingleton<ChangeWorkflow>()
        .AddSingleton<PauseWorkflow>()
        .AddSingleton<RerunTasks>()
        .AddSingleton<EditTask>()
        .AddSingleton<WorkflowCommands>();

    public static void MapWorkflowApi(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<WorkflowGrpc>();
}
