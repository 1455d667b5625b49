using Attune.Engine.Workflows;
using Attune.Server.Executions;
using Attune.Server.Hosting;
using Google.Protobuf.WellKnownTypes;
using Drawing = Attune.Engine.Workflows.Drawing;
using Execution = Attune.Server.Executions.Execution;
using Wire = Attune.V1;

namespace Attune.Server.Workflows;

static class WorkflowMapping
{
    public static Wire.TaskState ToWire(this TaskState state) => state switch
    {
        TaskState.Pending => Wire.TaskState.Pending,
        TaskState.Waiting => Wire.TaskState.Waiting,
        TaskState.Running => Wire.TaskState.Running,
        TaskState.Completed => Wire.TaskState.Completed,
        TaskState.Failed => Wire.TaskState.Failed,
        TaskState.Timeout => Wire.TaskState.Timeout,
        TaskState.Cancelled => Wire.TaskState.Cancelled,
        TaskState.Skipped => Wire.TaskState.Skipped,
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };

    /// <summary>How a task stands whose last execution stands so.</summary>
    public static Wire.TaskState ToTaskState(this ExecutionStatus status) => status switch
    {
        ExecutionStatus.Completed => Wire.TaskState.Completed,
        ExecutionStatus.Failed or ExecutionStatus.Abandoned => Wire.TaskState.Failed,
        ExecutionStatus.Timeout => Wire.TaskState.Timeout,
        ExecutionStatus.Cancelled => Wire.TaskState.Cancelled,
        _ => Wire.TaskState.Running,
    };

    public static Wire.ExecutionError? ToWire(this TaskError? error)
        => error is null ? null : new() { Reason = error.Reason, Message = error.Message };

    public static Wire.WorkflowItems? ToWire(this ItemsStanding? items) => items is null
        ? null
        : new() { TotalCount = items.Total, CompletedCount = items.Completed, FailedCount = items.Failed, RunningCount = items.Running };

    public static Wire.WorkflowTaskStanding ToWire(this TaskStanding standing) => new()
    {
        Name = standing.Name,
        State = standing.State.ToWire(),
        RunCount = standing.RunCount,
        ExecutionId = standing.Handle,
        Error = standing.Error.ToWire(),
        Waiting = standing.Waiting ?? "",
        Items = standing.Items.ToWire(),
    };

    public static IEnumerable<Wire.WorkflowGraphTask> ToWire(this Workflow workflow) => workflow.Tasks.Select(task =>
    {
        var node = new Wire.WorkflowGraphTask
        {
            Name = task.Name,
            ActionRef = task.ActionRef ?? "",
            IsInquiry = task.Inquiry is not null,
            JoinCount = task.JoinCount,
            HasItems = task.Items is not null,
        };
        foreach (var transition in task.Next)
        {
            node.Next.Add(transition.Do.Select(target => new Wire.WorkflowGraphEdge
            {
                To = NameOf(workflow, target),
                When = transition.When?.ToString() ?? "",
                IsElse = transition.IsElse,
            }));
        }

        node.Next.Add(task.OnError.Tasks.Select(target => new Wire.WorkflowGraphEdge
        {
            To = workflow.Tasks[target].Name,
            IsOnError = true,
        }));
        return node;
    });

    public static Wire.WorkflowEdit ToWire(this WorkflowEditRow row) => new()
    {
        Id = row.Id,
        Time = row.Created.ToTimestamp(),
        Login = row.Login,
        Kind = row.Kind,
        TaskNames = { row.Tasks },
        Reason = row.Reason ?? "",
        Value = JsonStruct.ToValue(ParameterSecrets.Conceal(row.Value)),
    };

    public static Wire.WorkflowExecution ToWire(this ShownRun run, Execution execution, IEnumerable<WorkflowEditRow> edits) => new()
    {
        Execution = execution.ToWire(),
        Paused = run.IsPaused,
        PauseReason = run.PauseReason,
        Tasks = { run.Standing.Select(ToWire) },
        Variables = JsonStruct.ToStruct(ParameterSecrets.Conceal(run.Variables)),
        Graph = { run.Graph.ToWire() },
        Edits = { edits.Select(ToWire) },
    };

    public static Wire.Workflow ToWire(this WorkflowDefinitionRow row, Workflow graph) => new()
    {
        Ref = row.Ref,
        PackRef = row.PackRef,
        Label = row.Label,
        Version = row.Version,
        Definition = JsonStruct.ToStruct(row.Definition),
        Tasks = { graph.ToWire() },
    };

    /// <summary>Empty where no drawing was asked for.</summary>
    public static string Draw(Workflow workflow, IReadOnlyList<TaskStanding>? standing, Wire.DrawingFormat format) => format switch
    {
        Wire.DrawingFormat.Mermaid => Drawing.WorkflowDrawing.Draw(workflow, standing, Drawing.DrawingFormat.Mermaid),
        Wire.DrawingFormat.Dot => Drawing.WorkflowDrawing.Draw(workflow, standing, Drawing.DrawingFormat.Dot),
        Wire.DrawingFormat.Svg => Drawing.WorkflowDrawing.Draw(workflow, standing, Drawing.DrawingFormat.Svg),
        _ => "",
    };

    static string NameOf(Workflow workflow, TransitionTarget target) => target.Word is WorkflowCommandWord.None
        ? workflow.Tasks[target.Task].Name
        : target.Word.ToString().ToLowerInvariant();
}
