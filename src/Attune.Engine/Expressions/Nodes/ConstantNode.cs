using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>A literal: null, a bool, a number or a string.</summary>
sealed class ConstantNode(int position, Value value) : Node(position)
{
    public Value Value => value;

    public override Value? Constant => value;

    public bool IsNegative => value.Kind switch
    {
        ValueKind.Int => value.AsInt() < 0,
        ValueKind.Double => double.IsNegative(value.AsDouble()),
        _ => false,
    };

    public override Precedence Precedence => IsNegative ? Precedence.Unary : Precedence.Postfix;

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        return value;
    }

    public override void Print(StringBuilder text) => Printing.Literal(text, value);
}
