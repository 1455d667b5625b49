using Attune.Server.Hosting;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Workflows;

sealed class WorkflowGrpc(CheckWorkflow check, GetWorkflow workflows, GetWorkflowExecution runs, WorkflowCommands commands)
    : WorkflowService.WorkflowServiceBase
{
    public override async Task<CheckWorkflowResponse> CheckWorkflow(CheckWorkflowRequest request, ServerCallContext context)
        => (await check.RunAsync(context.GetCaller(), request, context.CancellationToken)).OrThrowRpc();

    public override async Task<GetWorkflowResponse> GetWorkflow(GetWorkflowRequest request, ServerCallContext context)
        => (await workflows.RunAsync(context.GetCaller(), request.Ref, request.DrawingFormat, context.CancellationToken)).OrThrowRpc();

    public override async Task<GetWorkflowExecutionResponse> GetWorkflowExecution(
        GetWorkflowExecutionRequest request, ServerCallContext context)
        => (await runs.RunAsync(context.GetCaller(), request.ExecutionId, request.DrawingFormat, context.CancellationToken)).OrThrowRpc();

    public override async Task<PauseWorkflowResponse> PauseWorkflow(PauseWorkflowRequest request, ServerCallContext context)
    {
        var paused = await commands.Pause.RunAsync(
            context.GetCaller(), request.ExecutionId, request.Reason, context.CancellationToken);
        return new() { WorkflowExecution = paused.OrThrowRpc() };
    }

    public override async Task<ResumeWorkflowResponse> ResumeWorkflow(ResumeWorkflowRequest request, ServerCallContext context)
    {
        var resumed = await commands.Change.RunAsync(
            context.GetCaller(), new() { ExecutionId = request.ExecutionId, Kind = OperationKind.Resume }, context.CancellationToken);
        return new() { WorkflowExecution = resumed.OrThrowRpc() };
    }

    public override async Task<RerunTasksResponse> RerunTasks(RerunTasksRequest request, ServerCallContext context)
    {
        var rerun = await commands.Rerun.RunAsync(
            context.GetCaller(), request.ExecutionId, request.TaskNames, request.Reason, context.CancellationToken);
        return new() { WorkflowExecution = rerun.OrThrowRpc() };
    }

    public override async Task<EditTaskResponse> EditTask(EditTaskRequest request, ServerCallContext context)
    {
        var edited = await commands.Edit.RunAsync(context.GetCaller(), request, context.CancellationToken);
        return new() { WorkflowExecution = edited.OrThrowRpc() };
    }
}

/// <summary>What can be done with runs of workflows.</summary>
sealed record WorkflowCommands(PauseWorkflow Pause, RerunTasks Rerun, EditTask Edit, ChangeWorkflow Change);
