namespace Attune.Server.Workflows;

static class WorkflowFeature
{
    public static IServiceCollection AddWorkflows(this IServiceCollection services) => services
        .AddSingleton<WorkflowSignals>()
        .AddSingleton<WorkflowGraphs>(_ => new())
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
        .AddHostedService(provider => provider.GetRequiredService<ConductLoop>())
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

    public static void MapWorkflows(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<WorkflowGrpc>();
}
