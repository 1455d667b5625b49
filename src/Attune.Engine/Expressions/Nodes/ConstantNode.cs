using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>A literal: null, a bool, a number or a string.</summary>
sealed class ConstantNode(int position, Value value) : Node(position)
{
    public Value Value => value;

    public override Value? Constant => value;

    public bool IsNegative => value.Kind is ValueKind.Int ? value.AsInt() < 0 : value.Kind is ValueKind.Double && double.IsNegative(value.AsDouble());

    public override Precedence Precedence => IsNegative ? Precedence.Unary : Precedence.Postfix;

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        return value;
    }

    public override void Print(StringBuilder text) => Printing.Literal(text, value);
}
