using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`a if c else b`: only the one that is asked for is evaluated.</summary>
sealed class ConditionalNode(int position, Node then, Node condition, Node otherwise) : Node(position)
{
    public Node Then => then;

    public Node Condition => condition;

    public Node Otherwise => otherwise;

    public override Precedence Precedence => Precedence.Conditional;

    public override IEnumerable<Node> Children => [then, condition, otherwise];

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        return (Decide(ref evaluation, condition, "`if`") ? then : otherwise).Evaluate(ref evaluation);
    }

    public override bool TryEvaluate(ref Evaluation evaluation, out Value value)
    {
        evaluation.Step(Position);
        return (Decide(ref evaluation, condition, "`if`") ? then : otherwise).TryEvaluate(ref evaluation, out value);
    }

    public override void Print(StringBuilder text)
    {
        Printing.Operand(text, then, Precedence.Or);
        Printing.Operand(text.Append(" if "), condition, Precedence.Or);
        Printing.Operand(text.Append(" else "), otherwise, Precedence.Conditional);
    }
}
