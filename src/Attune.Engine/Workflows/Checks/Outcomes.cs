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
