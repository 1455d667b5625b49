using System.Text;
using System.Text.Json;
using Attune.Engine.Workflows;
using Attune.Server.Actions;
using Attune.Server.Executions;
using Attune.Server.Hosting;
using Attune.Server.Inquiries;
using Attune.Server.Triggers;
using Wire = Attune.V1;

namespace Attune.Server.Workflows;

/// <summary>Goes on from a task with another input or another result.</summary>
sealed class EditTask(ChangeWorkflow change, WhoStarted whoStarted, ActionCatalog actions, ParameterSecrets secrets)
{
    // What is set is kept with the run for ever, as what is published is.
    const int BytesMax = 1 << 20;

    public async Task<Result<Wire.WorkflowExecution>> RunAsync(Caller caller, Wire.EditTaskRequest request, CancellationToken ct)
    {
        var id = request.ExecutionId;
        if (!(await change.FindAsync(caller, id, "edit", ct)).IsOk(out var found, out var failure))
            return failure;
        if (found.Run.Graph.Find(request.TaskName) is not { } task)
            return ChangeWorkflow.TaskNotFound(found.Run.Graph, "task_name", [request.TaskName]);
        if (ChangeWorkflow.RefuseReopening(found) is { } refusal)
            return refusal;

        if (CheckItem(request, task, found.Run.Standing[task.Index]) is { } unfit)
            return unfit;

        if (task.Inquiry is { } inquiry && await RefuseDecidingAsync(caller, id, inquiry, ct) is { } denied)
            return denied;

        return request.ChangeCase switch
        {
            Wire.EditTaskRequest.ChangeOneofCase.Input => await SetInputAsync(caller, request, task, ct),
            Wire.EditTaskRequest.ChangeOneofCase.Result => await SetResultAsync(caller, request, ct),
            _ => Failure.Invalid("EDIT_INVALID", "input", "neither `input` nor `result` is set. Set the one that is to be changed."),
        };
    }

    async Task<Result<Wire.WorkflowExecution>> SetInputAsync(
        Caller caller, Wire.EditTaskRequest request, WorkflowTask task, CancellationToken ct)
    {
        if (task.ActionRef is not { } actionRef)
            return Failure.Invalid("EDIT_INVALID", "input", $"task {task.Name} asks people and has no input. Set its `result`.");
        if (await actions.FindAsync(actionRef, ct) is not { } action)
        {
            return Failure.Invalid(
                "EDIT_INVALID", "input", $"action '{actionRef}' of task {task.Name} is not installed any more. Install its pack, or set a `result`.");
        }

        var input = request.Input.ToUtf8Json();
        if (FindBadText(input, "input") is { } bad)
            return bad;
        if (TooLarge(input.Length, "input") is { } large)
            return large;
        if (input.AsSpan().IndexOf("\"$secret\""u8) >= 0)
            return Failure.Invalid("EDIT_INVALID", "input", "the name '$secret' is reserved; use another one.");
        if (action.Parameters.Validate(input).Problems is { Count: > 0 } problems)
            return Failure.Invalid("EDIT_INVALID", [.. problems.Select(problem => new Violation(problem.PathUnder("input"), problem.Message))]);

        return await change.RunAsync(
            caller,
            Operation(request, OperationKind.EditInput) with
            {
                Value = Encoding.UTF8.GetString(input),
                Recorded = secrets.Seal(input, action.Parameters),
            },
            ct);
    }

    async Task<Result<Wire.WorkflowExecution>> SetResultAsync(Caller caller, Wire.EditTaskRequest request, CancellationToken ct)
    {
        var result = request.Result.ToUtf8Json();
        if (FindBadText(result, "result") is { } bad)
            return bad;
        if (TooLarge(result.Length, "result") is { } large)
            return large;
        if (result.AsSpan().IndexOf("\"$secret\""u8) >= 0)
            return Failure.Invalid("EDIT_INVALID", "result", "the name '$secret' is reserved; use another one.");

        var json = Encoding.UTF8.GetString(result);
        return await change.RunAsync(caller, Operation(request, OperationKind.EditResult) with { Value = json, Recorded = json }, ct);
    }

    static WorkflowOperation Operation(Wire.EditTaskRequest request, OperationKind kind) => new()
    {
        ExecutionId = request.ExecutionId,
        Kind = kind,
        Tasks = [request.TaskName],
        Item = request.HasItemIndex ? request.ItemIndex : -1,
        Reason = request.Reason,
    };

    static Failure? CheckItem(Wire.EditTaskRequest request, WorkflowTask task, TaskStanding standing)
    {
        if (!request.HasItemIndex)
            return null;
        if (task.Items is null)
            return Failure.Invalid("EDIT_INVALID", "item_index", $"task {task.Name} has no with_items. Leave it out.");

        var count = standing.Items?.Total ?? 0;
        return request.ItemIndex >= 0 && request.ItemIndex < count
            ? null
            : Failure.Invalid("EDIT_INVALID", "item_index", $"{request.ItemIndex} is none of the {count} items of task {task.Name}, which count from 0.");
    }

    // To set the result of a question is to answer it.
    async Task<Failure?> RefuseDecidingAsync(Caller caller, long id, TaskInquiry inquiry, CancellationToken ct)
    {
        if (MayAnswer.RefuseExecution(caller) is { } refused)
            return refused;
        return inquiry.NoSelfAnswer && await whoStarted.IsBehindAsync(id, caller, ct)
            ? new(FailureKind.Denied, "SELF_ANSWER", "You started this workflow, and whoever did may not decide this question.")
            : null;
    }

    static Failure? FindBadText(byte[] json, string field)
    {
        // Only an escape can hide what the database refuses.
        if (json.AsSpan().IndexOf("\\u"u8) < 0)
            return null;

        var found = PartText.FindBadText(JsonElement.Parse(json), field).ToList();
        return found.Count == 0 ? null : Failure.Invalid("EDIT_INVALID", found);
    }

    static Failure? TooLarge(int bytes, string field) => bytes <= BytesMax
        ? null
        : Failure.Invalid("EDIT_INVALID", field, $"has {bytes} bytes; at most {BytesMax} are kept.");
}
