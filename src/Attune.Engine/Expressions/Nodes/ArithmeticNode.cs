using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`+ - * / // %` of numbers, and `+` of lists.</summary>
sealed class ArithmeticNode(int position, ArithmeticOperator operation, Node left, Node right) : Node(position)
{
    public ArithmeticOperator Operation => operation;

    public Node Left => left;

    public Node Right => right;

    public override Precedence Precedence
        => operation is ArithmeticOperator.Add or ArithmeticOperator.Subtract ? Precedence.Additive : Precedence.Multiplicative;

    public override IEnumerable<Node> Children => [left, right];

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        var (first, second) = (left.Evaluate(ref evaluation), right.Evaluate(ref evaluation));
        if (first.IsNumber && second.IsNumber)
        {
            var result = Arithmetic.Of(operation, first, second, out var problem);
            return problem is null ? result : throw evaluation.Fail(Position, problem);
        }

        if (operation is not ArithmeticOperator.Add || first.Kind is not ValueKind.List || second.Kind is not ValueKind.List)
            throw Misfit(evaluation, first, second);

        var length = (long)first.Items.Count + second.Items.Count;
        evaluation.Charge(Position, length);
        evaluation.Work(Position, length);
        return evaluation.Made(Position, [.. first.Items.Span, .. second.Items.Span]);
    }

    public override void Print(StringBuilder text)
    {
        Printing.Operand(text, left, Precedence);
        text.Append(' ').Append(Arithmetic.Symbol(operation)).Append(' ');
        Printing.Operand(text, right, Precedence + 1);
    }

    ExpressionException Misfit(in Evaluation evaluation, Value first, Value second)
    {
        var isAdd = operation is ArithmeticOperator.Add;
        var hint = isAdd && (first.Kind is ValueKind.String || second.Kind is ValueKind.String) ? " Texts are joined by `~`." : "";
        return evaluation.Fail(
            first.IsNumber ? right.Position : left.Position,
            $"`{Arithmetic.Symbol(operation)}` needs two numbers{(isAdd ? " or two lists" : "")}, "
            + $"not {KindNames.Of(first.Kind)} and {KindNames.Of(second.Kind)}.{hint}");
    }
}
