using System.Buffers;
using System.Text;
using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Workflows;
using Attune.Server.Actions;
using Attune.Server.Executions;
using Npgsql;

namespace Attune.Server.Workflows;

/// <summary>From steps to rows. What a task is to start is checked here as what people start is.</summary>
sealed partial class PrepareSteps(
    StartExecution start, ActionCatalog catalog, ParameterSecrets secrets, ILogger<PrepareSteps> logger)
{
    const short DepthMax = 10;
    const int MessageMax = 2000;

    static readonly JsonWriterOptions Writing = new() { SkipValidation = true };

    /// <param name="connection">In its transaction.</param>
    /// <param name="steps">As they were decided.</param>
    /// <param name="ct">Ends it.</param>
    public async Task<StepRows> RunAsync(NpgsqlConnection connection, IReadOnlyList<TakenStep> steps, CancellationToken ct)
    {
        var named = steps.SelectMany(step => step.Commands).OfType<StartAction>().Select(command => command.ActionRef).ToHashSet();
        var actions = await catalog.FindManyAsync(connection, named, ct);
        var rows = new StepRows();
        foreach (var step in steps)
        {
            if (step.Mistake is { } mistake)
            {
                AddBroken(rows, step.Held, mistake);
                continue;
            }

            FinishWorkflow? end = null;
            var reopens = false;
            foreach (var command in step.Commands)
            {
                end = command as FinishWorkflow ?? end;
                reopens |= command is ReopenWorkflow;
                Add(rows, step.Held, command, actions);
            }

            AddState(rows, step, end, reopens);
        }

        return rows;
    }

    /// <summary>Fails a run that cannot be carried on, whatever its state says.</summary>
    public void AddBroken(StepRows rows, HeldRun held, Exception mistake)
    {
        if (held.IsFinished)
            return;

        LogBroken(mistake, held.ExecutionId);
        var error = ErrorOf(new("WORKFLOW_BROKEN", $"The workflow cannot be carried on: {mistake.Message}"));
        rows.Cancelled.Add(new(held.ExecutionId, 0));
        rows.States.Add(new(
            held.Id, held.Step + 1, null, null, null, "", "", "", "", "failed", $"The workflow cannot be carried on: {Cut(mistake.Message)}", false, null,
            Broken: true));
        rows.Statuses.Add(new(held.ExecutionId, "failed", null, error, false));
    }

    void Add(StepRows rows, HeldRun held, Command command, IReadOnlyDictionary<string, ActionDefinition> actions)
    {
        var run = held.Before.Run;
        switch (command)
        {
            case StartAction action:
                AddTask(rows, run, action, actions.GetValueOrDefault(action.ActionRef));
                break;
            case AskPeople ask:
                rows.StandIns.Add(new(
                    $"{run.PackRef}.inquiry", run, TaskJson(run, ask.Key, ask.Task, 0, ask.TriesMax), ask.Timeout, null, ask));
                break;
            case CancelRun cancel:
                rows.Cancelled.Add(new(run.ExecutionId, cancel.Run));
                break;
            case PauseRun pause:
                rows.Told.Add(new(new(run.ExecutionId, pause.Run), "pause"));
                break;
            case ResumeRun resume:
                rows.Told.Add(new(new(run.ExecutionId, resume.Run), "resume"));
                break;
            case CancelWorkflows cancel:
                rows.Told.Add(new(new(run.ExecutionId, cancel.Run), "cancel"));
                break;
            case KeepValue keep:
                AddValue(rows, held, keep);
                break;
            case FinishWorkflow or ReopenWorkflow:
                break;
            default:
                throw new InvalidOperationException($"No command of kind {command.GetType().Name} is known.");
        }
    }

    void AddTask(StepRows rows, ConductedRun run, StartAction command, ActionDefinition? action)
    {
        var task = TaskJson(run, command.Key, command.Task, command.Batch, command.TriesMax);
        var (item, error) = Check(run, command, action);
        if (item is not null)
            rows.Tasks.Add(new(item, run, task));
        else
            rows.StandIns.Add(new(command.ActionRef, run, task, command.Timeout, ErrorOf(error!), null));
    }

    (NewExecution? Item, TaskError? Error) Check(ConductedRun run, StartAction command, ActionDefinition? action)
    {
        if (action is null)
            return (null, new("ACTION_NOT_FOUND", $"There is no action '{command.ActionRef}'."));
        if (action.IsWorkflow && run.Depth >= DepthMax)
            return (null, new("SUBWORKFLOW_TOO_DEEP", $"'{command.ActionRef}' would be {run.Depth + 1} workflows deep; {DepthMax} is the most."));

        // What the whole workflow was started with holds for its tasks, unless they say otherwise.
        var labels = run.WorkerLabels.Count == 0 ? command.WorkerLabels : Overlay(run.WorkerLabels, command.WorkerLabels);
        var asked = new StartCommand
        {
            ActionRef = command.ActionRef,
            Parameters = Encoding.UTF8.GetBytes(ToJson(command.Parameters)),
            WorkerLabels = labels,
            Timeout = command.Timeout,
            Priority = run.Priority,
            EnvVars = run.EnvVars,
        };
        var (item, problems) = start.CheckForTask(asked, action);
        return item is not null
            ? (item, null)
            : (null, new(problems[0].Reason, string.Join("; ", problems.Select(each => $"{each.Violation.Field}: {each.Violation.Description}"))));
    }

    void AddValue(StepRows rows, HeldRun held, KeepValue keep)
    {
        var json = ToJson(keep.Value);
        rows.Values.Add(new(
            held.Id, BringValues.KindOf(keep.Key.Kind), keep.Key.Run, keep.Key.Item,
            keep.Key.Kind is KeptKind.EditedInput ? secrets.SealWhole(json) : json));
        rows.Kept.Add((held.Before.Values, keep, json.Length * 2L));
    }

    static void AddState(StepRows rows, TakenStep step, FinishWorkflow? end, bool reopens)
    {
        var (held, state, before) = (step.Held, step.State, step.Held.Before);
        var status = StatusOf(held, state, end, reopens);
        var json = state.ToJson();
        var variables = state.HasVariablesOf(before.State) ? before.Variables : ToJson(Value.Of(state.Variables));
        var (workflow, tasks) = (before.Run.Workflow, state.TaskStates(before.Run.Workflow));
        var after = before with { Step = held.Step + 1, State = state, Status = status, Variables = variables, StateBytes = json.Length };
        rows.After.Add(after);
        rows.States.Add(new(
            held.Id, after.Step, Encoding.UTF8.GetString(json), variables == before.Variables ? null : variables, state.WakeAt,
            Names(workflow, tasks, task => task is TaskState.Running or TaskState.Waiting),
            Names(workflow, tasks, task => task is TaskState.Completed),
            Names(workflow, tasks, task => task is TaskState.Failed or TaskState.Timeout or TaskState.Cancelled),
            Names(workflow, tasks, task => task is TaskState.Skipped),
            status, state.Error is { } error ? Cut(error.Message) : null, state.IsPaused, state.PauseReason is { } reason ? Cut(reason) : null));
        if (end is not null)
            rows.Statuses.Add(new(held.ExecutionId, status, ToJson(end.Output), end.Error is null ? null : ErrorOf(end.Error), reopens));
        else if (status != held.Status || reopens)
            rows.Statuses.Add(new(held.ExecutionId, status, null, null, reopens));
    }

    // Only who was asked to cancel is cancelling; a failure lets tasks end as well.
    static string StatusOf(HeldRun held, WorkflowState state, FinishWorkflow? end, bool reopens) => end?.Outcome switch
    {
        RunOutcome.Completed => "completed",
        RunOutcome.Failed => "failed",
        RunOutcome.Timeout => "timeout",
        RunOutcome.Cancelled => "cancelled",
        RunOutcome.Abandoned => "abandoned",
        _ when held.IsFinished && !reopens => held.Status,
        _ when state.Status is WorkflowStatus.Ending
            && (held.Status is "canceling" || held.Happened.Exists(row => row.Kind is "cancel")) => "canceling",
        _ => "running",
    };

    static string Names(Workflow workflow, IReadOnlyList<TaskState> states, Predicate<TaskState> wanted)
        => string.Join(',', workflow.Tasks.Where(task => wanted(states[task.Index])).Select(task => task.Name));

    static string TaskJson(ConductedRun run, RunKey key, string task, int batch, int triesMax)
    {
        var buffer = new ArrayBufferWriter<byte>(192);
        using (var writer = new Utf8JsonWriter(buffer, Writing))
        {
            writer.WriteStartObject();
            writer.WriteNumber("workflow_execution", run.Id);
            writer.WriteString("task_name", task);
            writer.WriteNumber("run", key.Run);
            if (key.Item >= 0)
            {
                writer.WriteNumber("task_index", key.Item);
                writer.WriteNumber("task_batch", batch);
            }

            writer.WriteNumber("retry_count", key.Try);
            writer.WriteNumber("max_retries", triesMax - 1);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    static string ToJson(Value value)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, Writing))
            value.WriteTo(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    static string ErrorOf(TaskError error) => Dispatch.ErrorJson.Write(new() { Reason = error.Reason, Message = Cut(error.Message) });

    static string Cut(string message) => (message.Length <= MessageMax ? message : message[..MessageMax] + "…").Replace('\0', ' ');

    static Dictionary<string, string> Overlay(IReadOnlyDictionary<string, string> under, IReadOnlyDictionary<string, string> over)
    {
        var result = new Dictionary<string, string>(under);
        foreach (var (name, value) in over)
            result[name] = value;
        return result;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Workflow execution {Execution} cannot be carried on; it fails")]
    partial void LogBroken(Exception exception, long execution);
}
