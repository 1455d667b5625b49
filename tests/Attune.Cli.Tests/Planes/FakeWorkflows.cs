using System.Collections.Concurrent;
using Attune.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Attune.Cli.Tests.Planes;

/// <summary>Remembers what it was asked; every workflow builds and then asks.</summary>
public sealed class FakeWorkflows : WorkflowService.WorkflowServiceBase
{
    public ConcurrentQueue<CheckWorkflowRequest> Checked { get; } = new();

    public ConcurrentQueue<PauseWorkflowRequest> Paused { get; } = new();

    public ConcurrentQueue<RerunTasksRequest> Rerun { get; } = new();

    public ConcurrentQueue<EditTaskRequest> Edited { get; } = new();

    /// <summary>How a run stands after a change.</summary>
    public Func<WorkflowExecution, WorkflowExecution> After { get; set; } = run => run;

    /// <summary>What a check finds.</summary>
    public IReadOnlyList<WorkflowProblem> Problems { get; set; } = [];

    public override Task<CheckWorkflowResponse> CheckWorkflow(CheckWorkflowRequest request, ServerCallContext context)
    {
        Checked.Enqueue(request);
        var answer = new CheckWorkflowResponse { Drawing = DrawingOf(request.DrawingFormat), Problems = { Problems } };
        answer.Tasks.Add(Graph());
        return Task.FromResult(answer);
    }

    public override Task<GetWorkflowResponse> GetWorkflow(GetWorkflowRequest request, ServerCallContext context)
        => request.Ref is "shop.nothing"
            ? throw FakeControlPlane.Failure(StatusCode.NotFound, "WORKFLOW_NOT_FOUND", "There is no workflow 'shop.nothing'.")
            : Task.FromResult(new GetWorkflowResponse
            {
                Workflow = new() { Ref = request.Ref, PackRef = "shop", Label = "Deploy", Version = "1.2.0", Tasks = { Graph() } },
                Drawing = DrawingOf(request.DrawingFormat),
            });

    public override Task<GetWorkflowExecutionResponse> GetWorkflowExecution(GetWorkflowExecutionRequest request, ServerCallContext context)
        => Task.FromResult(new GetWorkflowExecutionResponse
        {
            WorkflowExecution = Run(request.ExecutionId),
            Drawing = DrawingOf(request.DrawingFormat) + (request.DrawingFormat is 0 ? "" : " live"),
        });

    public override Task<PauseWorkflowResponse> PauseWorkflow(PauseWorkflowRequest request, ServerCallContext context)
    {
        Paused.Enqueue(request);
        return Task.FromResult(new PauseWorkflowResponse { WorkflowExecution = After(Run(request.ExecutionId)) });
    }

    public override Task<ResumeWorkflowResponse> ResumeWorkflow(ResumeWorkflowRequest request, ServerCallContext context)
        => request.ExecutionId is 11
            ? Task.FromResult(new ResumeWorkflowResponse { WorkflowExecution = After(Run(request.ExecutionId)) })
            : throw FakeControlPlane.Failure(StatusCode.FailedPrecondition, "WORKFLOW_NOT_PAUSED", "Execution 10 is not paused.");

    public override Task<RerunTasksResponse> RerunTasks(RerunTasksRequest request, ServerCallContext context)
    {
        Rerun.Enqueue(request);
        return Task.FromResult(new RerunTasksResponse { WorkflowExecution = After(Changed(request.ExecutionId, "rerun", request.TaskNames)) });
    }

    public override Task<EditTaskResponse> EditTask(EditTaskRequest request, ServerCallContext context)
    {
        Edited.Enqueue(request);
        var kind = request.ChangeCase is EditTaskRequest.ChangeOneofCase.Input ? "edit_input" : "edit_result";
        return Task.FromResult(new EditTaskResponse { WorkflowExecution = After(Changed(request.ExecutionId, kind, [request.TaskName])) });
    }

    static WorkflowExecution Changed(long id, string kind, IEnumerable<string> tasks)
        => new(Run(id)) { Edits = { new WorkflowEdit { Id = 2, Time = FakeExecutions.Noon, Login = "bob", Kind = kind, TaskNames = { tasks } } } };

    static string DrawingOf(DrawingFormat format) => format is DrawingFormat.Unspecified ? "" : $"a drawing in {format}";

    static WorkflowExecution Run(long id) => new()
    {
        Execution = new() { Id = id, ActionRef = "shop.deploy", Status = ExecutionStatus.Running, IsWorkflow = true },
        Paused = true,
        PauseReason = "night",
        Tasks =
        {
            new WorkflowTaskStanding { Name = "build", State = TaskState.Completed },
            new WorkflowTaskStanding { Name = "approve", State = TaskState.Waiting, Waiting = "Waits to be resumed." },
        },
        Variables = Struct.Parser.ParseJson("""{"image": "shop:2"}"""),
        Edits =
        {
            new WorkflowEdit
            {
                Id = 1,
                Time = FakeExecutions.Noon,
                Login = "ada",
                Kind = "edit_result",
                TaskNames = { "build" },
                Reason = "it was built by hand",
                Value = Value.ForString("shop:2"),
            },
        },
    };

    static IEnumerable<WorkflowGraphTask> Graph() =>
    [
        new()
        {
            Name = "build",
            ActionRef = "shop.build",
            Next = { new WorkflowGraphEdge { To = "approve", When = "result.ok" }, new WorkflowGraphEdge { To = "fail", IsElse = true } },
        },
        new() { Name = "approve", IsInquiry = true },
    ];
}
