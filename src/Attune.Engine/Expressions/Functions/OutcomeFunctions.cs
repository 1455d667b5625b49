namespace Attune.Engine.Expressions.Functions;

static class OutcomeFunctions
{
    public static IReadOnlyList<Function> All { get; } =
    [
        new("succeeded", [],
            "Whether the task that just ended succeeded. Only in transitions of workflows, as are the other three.",
            (ref e, call) => Value.Of(Outcome(ref e, call) is TaskOutcome.Succeeded)),
        new("failed", [], "Whether it did not: it failed, timed out or was cancelled.",
            (ref e, call) => Value.Of(Outcome(ref e, call) is not TaskOutcome.Succeeded)),
        new("timed_out", [], "Whether it timed out.",
            (ref e, call) => Value.Of(Outcome(ref e, call) is TaskOutcome.TimedOut)),
        new("cancelled", [], "Whether it was cancelled: somebody cancelled its execution, or withdrew its question.",
            (ref e, call) => Value.Of(Outcome(ref e, call) is TaskOutcome.Cancelled)),
    ];

    static TaskOutcome Outcome(ref Evaluation evaluation, Call call)
        => evaluation.Scope.TaskOutcome
            ?? throw evaluation.Fail(
                call.Position,
                $"{call.Name}() asks about a task that just ended: it means something only in the transitions of a workflow.");
}
