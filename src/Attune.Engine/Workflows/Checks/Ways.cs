using System.Diagnostics.CodeAnalysis;
using Attune.Engine.Expressions;
using Attune.Engine.Expressions.Nodes;

namespace Attune.Engine.Workflows.Checks;

/// <summary>
/// The ways out of one run of a task that have been taken so far. Answers of each further one whether any of them excludes it, in constant
/// time: a task may have many thousand transitions.
/// </summary>
/// <remarks>A way is the index of a transition; the one after the last is `on_error`.</remarks>
sealed class Ways(WaysOut task)
{
    readonly HashSet<int> taken = [];
    readonly Dictionary<string, int> asked = new(StringComparer.Ordinal);
    readonly Dictionary<string, int> denied = new(StringComparer.Ordinal);

    // By whom: a way, and who took it; the first transition, the last `else`, one after success, one after failure.
    (int Way, int By)? first;
    (int Way, int By)? lastElse;
    int? success;
    int? failure;

    /// <summary>Takes a way.</summary>
    /// <param name="way">Its index.</param>
    /// <param name="by">Whose way it is.</param>
    /// <param name="excluded">Whose way, taken before, cannot be taken in the same run; null where there is none.</param>
    /// <returns>False where it was taken already.</returns>
    public bool Take(int way, int by, out int? excluded)
    {
        excluded = null;
        if (!taken.Add(way))
            return false;

        excluded = ExcludedBy(way);
        if (first is null || way < first.Value.Way)
            first = (way, by);
        if (task.IsElse(way) && (lastElse is null || way > lastElse.Value.Way))
            lastElse = (way, by);
        if (task.OutcomeOf(way) is Outcome.Success)
            success ??= by;
        if (task.OutcomeOf(way) is Outcome.Failure)
            failure ??= by;
        if (task.TryCondition(way, out var condition, out var opposite))
        {
            asked.TryAdd(condition, by);
            if (opposite is not null)
                denied.TryAdd(opposite, by);
        }

        return true;
    }

    int? ExcludedBy(int way)
    {
        if (lastElse is var (place, late) && place > way)
            return late;
        if (task.IsElse(way) && first is var (earliest, early) && earliest < way)
            return early;
        if (task.HasContinue)
            return null;

        var other = task.OutcomeOf(way) switch
        {
            Outcome.Success => failure,
            Outcome.Failure => success,
            _ => null,
        };
        if (other is not null || !task.TryCondition(way, out var condition, out var opposite))
            return other;

        return opposite is not null && asked.TryGetValue(opposite, out var by) || denied.TryGetValue(condition, out by) ? by : null;
    }
}

/// <summary>What the transitions of a task say for certain, looked at once.</summary>
sealed class WaysOut
{
    readonly WorkflowTask task;
    readonly Outcome[] outcomes;
    readonly (string Condition, string? Opposite)[] conditions;

    public WaysOut(WorkflowTask task)
    {
        this.task = task;
        HasContinue = task.Next.Any(transition => transition.Do.Any(target => target.Word is WorkflowCommandWord.Continue));
        outcomes = [.. task.Next.Select(Outcomes.Of)];

        // What is published in between could change what a later one asks for.
        var steady = task.Next.TakeWhile(transition => transition.Publish.Count == 0).Count();
        conditions = [.. task.Next.Take(steady + 1).Select(transition => transition.When is { } when
            ? (when.ToString(), when.Root is NotNode not ? Printing.Text(not.Operand) : null)
            : ("", null))];
    }

    /// <summary>A failure may count as a success from some transition on.</summary>
    public bool HasContinue { get; }

    /// <summary>It is taken only where none before it was.</summary>
    public bool IsElse(int way) => way >= task.Next.Count || task.Next[way].IsElse;

    public Outcome OutcomeOf(int way) => way < outcomes.Length ? outcomes[way] : Outcome.Any;

    /// <summary>False where it has none, or one that may mean something else than the same text before it.</summary>
    public bool TryCondition(int way, [NotNullWhen(true)] out string? condition, out string? opposite)
    {
        (condition, opposite) = way < conditions.Length ? conditions[way] : ("", null);
        return condition is not "";
    }
}
