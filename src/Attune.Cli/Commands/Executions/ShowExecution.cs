using System.CommandLine;
using Attune.Cli.Following;
using Attune.Cli.Output;
using Attune.V1;

namespace Attune.Cli.Commands.Executions;

static class ShowExecution
{
    static readonly Argument<string> id = ExecutionIds.One();

    public static Command Command() => new Command("show", "Everything about one execution").With(id).Does(RunAsync);

    static async Task RunAsync(Invocation run, CancellationToken ct)
    {
        var request = new GetExecutionRequest { ExecutionId = ExecutionIds.Parse(run.Get(id)) };
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
        new("Parent", execution.ParentId is 0 ? "" : execution.ParentId),
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
}
