using Attune.Server.Hosting;
using Attune.V1;
using Grpc.Core;

namespace Attune.Server.Workflows;

sealed class WorkflowGrpc(GetWorkflow workflows, GetWorkflowExecution runs) : WorkflowService.WorkflowServiceBase
{
    public override async Task<GetWorkflowResponse> GetWorkflow(GetWorkflowRequest request, ServerCallContext context)
        => (await workflows.RunAsync(context.GetCaller(), request.Ref, request.DrawingFormat, context.CancellationToken)).OrThrowRpc();

    public override async Task<GetWorkflowExecutionResponse> GetWorkflowExecution(
        GetWorkflowExecutionRequest request, ServerCallContext context)
        => (await runs.RunAsync(context.GetCaller(), request.ExecutionId, request.DrawingFormat, context.CancellationToken)).OrThrowRpc();
}
