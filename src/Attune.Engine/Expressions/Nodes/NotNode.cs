using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`not x`.</summary>
sealed class NotNode(int position, Node operand) : Node(position)
{
    public Node Operand => operand;

    public override Precedence Precedence => Precedence.Not;

    public override IEnumerable<Node> Children => [operand];

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        return Value.Of(!Decide(ref evaluation, operand, "`not`"));
    }

    public override void Print(StringBuilder text) => Printing.Operand(text.Append("not "), operand, Precedence.Not);
}
