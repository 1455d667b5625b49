using System.CommandLine;
using Attune.Cli.Following;
using Attune.Cli.Output;
using Attune.V1;

namespace Attune.Cli.Commands.Executions;

static class ShowExecution
{
    static readonly Argument<string> id = ExecutionIds.One();
    static readonly Option<bool> context = new("--context") { Description = "Of a workflow: its variables, and what people changed in it" };

    public static Command Command() => new Command("show", "Everything about one execution").With(id, context).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new GetExecutionRequest { ExecutionId = ExecutionIds.Parse(run.Get(id)) };
        if (run.Get(context))
        {
            var workflow = await run.Client.Workflows.GetWorkflowExecutionAsync(
                new() { ExecutionId = request.ExecutionId }, cancellationToken: ct);
            WriteContext(run, workflow.WorkflowExecution);
            return;
        }

        var execution = (await run.Client.Executions.GetExecutionAsync(request, cancellationToken: ct)).Execution;
        Write(run, execution);
    }

    public static void Write(Invocation run, Execution execution) => run.Answer.Show(
        execution,
        new("Id", execution.Id),
        new("Action", execution.ActionRef),
        new("Status", Texts.Status(execution.Status)),
        new("Took", Outcomes.Length(execution, run.Clock) is { } length ? Texts.Length(length) : ""),
        new("Attempt", execution.MaxAttempts > 1 ? $"{execution.Attempt} of {execution.MaxAttempts}" : ""),
        new("Next attempt", Texts.Moment(execution.NextAttemptAt, run.Clock)),
        new("Worker", execution.WorkerName),
        new("Labels", Texts.Labels(execution.WorkerLabels)),
        new("Started by", execution.ExecutorLogin),
        new("Rule", execution.RuleRef),
        new("Event", execution.EventId is 0 ? "" : $"{execution.EventId}  (attune event show {execution.EventId})"),
        new("Workflow", execution.IsWorkflow ? $"yes  (attune execution tree {execution.Id})" : ""),
        new("Task", Task(execution)),
        new("Parent", execution.ParentId is 0 || execution.TaskName is not "" ? "" : execution.ParentId),
        new("Rerun of", execution.RerunOfId is 0 ? "" : execution.RerunOfId),
        new("Priority", execution.Priority),
        new("Timeout", execution.Timeout is { } timeout ? Texts.Setting(timeout.ToTimeSpan()) : ""),
        new("Created", Texts.Moment(execution.Created, run.Clock)),
        new("Started", Texts.Moment(execution.StartedAt, run.Clock)),
        new("Finished", Texts.Moment(execution.FinishedAt, run.Clock)),
        new("Parameters", Texts.Json(execution.Parameters)),
        new("Error", execution.Error is { } error ? $"{error.Message} ({error.Reason})" : ""),
        new("Stderr", execution.Error?.StderrTail),
        new("Result", Texts.Json(execution.Result)),
        new("Attempts before", string.Join('\n', execution.Attempts.Select(Attempt))));

    static string Attempt(ExecutionAttempt attempt)
        => $"{attempt.Attempt}: {Texts.Word(attempt.Status)} on {attempt.WorkerName}: {attempt.Error?.Message}".TrimEnd(':', ' ');

    static string Task(Execution execution)
    {
        if (execution.TaskName is "")
            return "";

        var item = execution.HasItemIndex ? $" [{execution.ItemIndex}]" : "";
        return $"{execution.TaskName}{item} of workflow {execution.ParentId}  (attune execution tree {execution.ParentId})";
    }

    static void WriteContext(Invocation run, WorkflowExecution workflow) => run.Answer.Show(
        workflow,
        new("Id", workflow.Execution.Id),
        new("Action", workflow.Execution.ActionRef),
        new("Status", Texts.Status(workflow.Execution.Status)),
        new("Paused", workflow.Paused ? workflow.PauseReason is "" ? "yes" : $"yes: {workflow.PauseReason}" : ""),
        new("Parameters", Texts.Json(workflow.Execution.Parameters)),
        new("Variables", workflow.Variables is { Fields.Count: > 0 } variables ? Texts.Json(variables) : "none published"),
        new("Tasks", string.Join('\n', workflow.Tasks.Select(TaskLine))),
        new("Left out", string.Join(", ", workflow.LeftOut)),
        new("Changes", string.Join('\n', workflow.Edits.Select(edit => EditLine(edit, run.Clock)))),
        new("Result", Texts.Json(workflow.Execution.Result)));

    static string TaskLine(WorkflowTaskStanding task)
    {
        var about = task.Waiting is not "" ? task.Waiting : task.Error?.Message ?? "";
        return $"{task.Name}: {Texts.Word(task.State)}{(about is "" ? "" : $": {about}")}";
    }

    static string EditLine(WorkflowEdit edit, TimeProvider clock)
    {
        var tasks = edit.TaskNames.Count is 0 ? "" : $" {string.Join(", ", edit.TaskNames)}";
        var reason = edit.Reason is "" ? "" : $": {edit.Reason}";
        var value = edit.Value is null ? "" : $"\n  {WireJson.OfLine(edit.Value)}";
        return $"{Texts.Moment(edit.Time, clock)} {edit.Login}: {edit.Kind.Replace('_', ' ')}{tasks}{reason}{value}";
    }
}
