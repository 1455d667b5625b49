using Attune.Engine.Placement;
using Attune.Engine.Workflows;
using Attune.Server.Executions;

namespace Attune.Server.Workflows;

/// <summary>Says what a workflow waits for: to be resumed, for its tasks, for people.</summary>
sealed class ExplainWorkflow(ShownRunStore runs, ExecutionTreeStore levels, ExplainWaiting waiting)
{
    const int TasksMax = 50;
    const int NamesMax = 5;

    /// <param name="execution">A workflow that has not ended.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<Explanation> RunAsync(Execution execution, CancellationToken ct)
    {
        if (await runs.FindAsync([execution.Id], ct) is not [var run])
            return new("Is about to begin.", []);

        var level = await levels.ReadAsync([execution.Id], TasksMax, ct);
        var live = level.Children.Where(row => !row.IsFinal).ToList();
        var sentences = await waiting.RunAsync([.. live.Where(row => row.Status is ExecutionStatus.Requested).Select(row => row.Id)], ct);
        var tasks = live.Select(row => Explain(row, sentences)).ToList();
        tasks.AddRange(run.Standing
            .Where(standing => standing.State is TaskState.Waiting)
            .Select(standing => new Obstacle("WAITS_FOR_TASKS", $"Task {standing.Name}: {(standing.Waiting ?? "waits").TrimEnd('.')}", null)));

        var reasons = new List<Obstacle>();
        if (run.IsPaused)
        {
            reasons.Add(new(
                "WORKFLOW_PAUSED", run.PauseReason is "" ? "Is paused" : $"Is paused: {run.PauseReason.TrimEnd('.')}", null));
        }

        if (execution.Status is ExecutionStatus.Canceling)
            reasons.Add(new("CANCELING", "Cancellation was asked for; it ends when what runs has ended", null));
        reasons.AddRange(tasks);

        var names = live.Select(row => row.TaskName)
            .Concat(run.Standing.Where(standing => standing.State is TaskState.Waiting).Select(standing => standing.Name))
            .Distinct().ToList();
        return new(Summarize(run, execution, names, reasons), reasons);
    }

    /// <summary>What an execution waits for that asks people; null where it does not.</summary>
    public async Task<Explanation?> ExplainQuestionAsync(Execution execution, CancellationToken ct)
    {
        if (execution.TaskName is null || await levels.FindQuestionAsync(execution.Id, ct) is not (var id, { } prompt))
            return null;

        var sentence = $"Waits for an answer to inquiry {id}: {prompt.TrimEnd('.')}";
        return new(Ended(sentence), [new("WAITS_FOR_ANSWER", sentence, null)]);
    }

    static string Summarize(ShownRun run, Execution execution, List<string> names, List<Obstacle> reasons)
    {
        var tasks = names.Count switch
        {
            0 => "",
            1 => $"task {names[0]}",
            _ => $"{names.Count} tasks: {string.Join(", ", names.Take(NamesMax))}{(names.Count > NamesMax ? " …" : "")}",
        };
        if (run.IsPaused)
            return $"{reasons[0].Sentence}{(tasks is "" ? "" : $". Not over yet: {tasks}")}.";
        if (execution.Status is ExecutionStatus.Canceling)
            return $"{reasons[0].Sentence}{(tasks is "" ? "" : $". Not over yet: {tasks}")}.";
        if (names.Count == 0)
            return "Is being carried on; this takes a moment.";
        return reasons is [{ Code: "WAITS_FOR_ANSWER" } only] ? Ended(only.Sentence) : $"Waits for {tasks}.";
    }

    static Obstacle Explain(TreeChildRow row, IReadOnlyDictionary<long, string> sentences)
    {
        var task = $"Task {row.TaskName}{(row.ItemIndex is { } item ? $" [{item}]" : "")}";
        if (row is { Inquiry: { } inquiry, Prompt: { } prompt })
            return new("WAITS_FOR_ANSWER", $"{task} waits for an answer to inquiry {inquiry}: {prompt.TrimEnd('.')}", null);

        var what = row.Status switch
        {
            ExecutionStatus.Requested => Lower(sentences.GetValueOrDefault(row.Id, "Waits.")).TrimEnd('.'),
            ExecutionStatus.Canceling => "is being stopped",
            ExecutionStatus.Running when row.IsWorkflow => "is a workflow that runs",
            ExecutionStatus.Running => $"runs on agent {row.WorkerName}",
            _ => $"was given to agent {row.WorkerName} and has not begun yet",
        };
        return new("WAITS_FOR_TASKS", $"{task} (execution {row.Id}) {what}", row.WorkerName);
    }

    // A question ends itself.
    static string Ended(string sentence) => sentence[^1] is '?' or '!' ? sentence : $"{sentence}.";

    static string Lower(string sentence) => char.ToLowerInvariant(sentence[0]) + sentence[1..];
}
