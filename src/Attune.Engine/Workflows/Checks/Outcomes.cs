using Attune.Engine.Expressions;
using Attune.Engine.Expressions.Nodes;

namespace Attune.Engine.Workflows.Checks;

enum Outcome
{
    Any,
    Success,
    Failure,
}

/// <summary>What the conditions of transitions say for certain.</summary>
static class Outcomes
{
    /// <summary>After which ends of the task a transition may fire at all.</summary>
    public static Outcome Of(Transition transition)
        => transition.IsElse ? Outcome.Any : transition.When is { } when ? Of(when.Root) : Outcome.Success;

    /// <summary>Whether of two transitions of a task only one can fire in one run of it.</summary>
    /// <param name="task">The task of both.</param>
    /// <param name="first">The index of one.</param>
    /// <param name="second">The index of the other, or that of no transition: `on_error`.</param>
    public static bool AreExclusive(WorkflowTask task, int first, int second)
    {
        if (first > second)
            (first, second) = (second, first);
        if (first == second)
            return false;
        if (second >= task.Next.Count || task.Next[second].IsElse)
            return true;
        if (task.Next.Any(transition => transition.Do.Any(target => target.Word is WorkflowCommandWord.Continue)))
            return false;

        var (one, other) = (task.Next[first], task.Next[second]);
        if ((Of(one), Of(other)) is (Outcome.Success, Outcome.Failure) or (Outcome.Failure, Outcome.Success))
            return true;

        // What is published in between could change what the second asks for.
        return one.When is { } left && other.When is { } right && task.Next.Take(second).All(transition => transition.Publish.Count == 0)
            && (IsOpposite(left, right) || IsOpposite(right, left));
    }

    static bool IsOpposite(Expression one, Expression other) => other.Root is NotNode not && Printing.Text(not.Operand) == one.ToString();

    static Outcome Of(Node condition) => condition switch
    {
        CallNode { Function.Name: "succeeded" } => Outcome.Success,
        CallNode { Function.Name: "failed" or "timed_out" or "cancelled" } => Outcome.Failure,
        NotNode { Operand: CallNode { Function.Name: "failed" } } => Outcome.Success,
        NotNode { Operand: CallNode { Function.Name: "succeeded" } } => Outcome.Failure,
        LogicNode { IsOr: false } and => and.Operands.Select(Of).FirstOrDefault(outcome => outcome is not Outcome.Any),
        LogicNode or => or.Operands.Select(Of).Distinct().ToList() is [var only] ? only : Outcome.Any,
        _ => Outcome.Any,
    };
}
