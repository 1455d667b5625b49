using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`-x`. Of a literal number the parser makes a negative literal instead.</summary>
sealed class NegateNode(int position, Node operand) : Node(position)
{
    public Node Operand => operand;

    public override Precedence Precedence => Precedence.Unary;

    public override IEnumerable<Node> Children => [operand];

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        var value = operand.Evaluate(ref evaluation);
        return value.Kind switch
        {
            ValueKind.Int when value.AsInt() == long.MinValue => throw evaluation.Fail(Position, Arithmetic.Overflow),
            ValueKind.Int => Value.Of(-value.AsInt()),
            ValueKind.Double => Value.Of(-value.AsDouble()),
            _ => throw evaluation.Fail(operand.Position, $"`-` needs a number, not {KindNames.Of(value.Kind)}."),
        };
    }

    public override void Print(StringBuilder text)
    {
        text.Append('-');
        var isBareNumber = operand is ConstantNode { Value.IsNumber: true, IsNegative: false };
        Printing.Operand(text, operand, isBareNumber ? Precedence.Postfix + 1 : Precedence.Unary);
    }
}
