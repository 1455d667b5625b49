namespace Attune.Server.Executions;

static class ExecutionFeature
{
    public static IServiceCollection AddExecutions(this IServiceCollection services) => services
        .AddSingleton<ExecutionStore>()
        .AddSingleton<ExecutionChanges>()
        .AddSingleton<ParameterSecrets>()
        .AddSingleton<PlaceExecutions>()
        .AddSingleton<InsertExecutions>()
        .AddSingleton<WhoStarted>()
        .AddSingleton<StartExecution>()
        .AddSingleton<RerunExecution>()
        .AddSingleton<CancelExecution>()
        .AddSingleton<ExecutionCommands>()
        .AddSingleton<WatchExecution>()
        .AddSingleton<ExecutionLogs>()
        .AddSingleton<ExecutionStreams>()
        .AddSingleton<ExplainWaiting>()
        .AddSingleton<ExplainExecution>();

    public static void MapExecutions(this IEndpointRouteBuilder endpoints) => endpoints.MapGrpcService<ExecutionGrpc>();
}
