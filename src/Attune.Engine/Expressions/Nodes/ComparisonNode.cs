using System.Text;

namespace Attune.Engine.Expressions.Nodes;

enum ComparisonOperator
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

/// <summary>
/// `== != &lt; &lt;= &gt; &gt;= in`, `not in`. Anything can be equal; only numbers, and strings by their code units, have an order.
/// </summary>
sealed class ComparisonNode(int position, ComparisonOperator operation, Node left, Node right) : Node(position)
{
    public ComparisonOperator Operation => operation;

    public Node Left => left;

    public Node Right => right;

    public override Precedence Precedence => Precedence.Comparison;

    public override IEnumerable<Node> Children => [left, right];

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        var (first, second) = (left.Evaluate(ref evaluation), right.Evaluate(ref evaluation));
        evaluation.Work(Position, Math.Min(first.Weight, second.Weight));
        return Value.Of(operation switch
        {
            ComparisonOperator.Equal => first.Equals(second),
            ComparisonOperator.NotEqual => !first.Equals(second),
            ComparisonOperator.In => Holds(ref evaluation, Position, second, first),
            ComparisonOperator.NotIn => !Holds(ref evaluation, Position, second, first),
            _ => Ordered(evaluation, first, second),
        });
    }

    public override void Print(StringBuilder text)
    {
        Printing.Operand(text, left, Precedence.Additive);
        text.Append(' ').Append(Symbol(operation)).Append(' ');
        Printing.Operand(text, right, Precedence.Additive);
    }

    public static string Symbol(ComparisonOperator operation) => operation switch
    {
        ComparisonOperator.Equal => "==",
        ComparisonOperator.NotEqual => "!=",
        ComparisonOperator.Less => "<",
        ComparisonOperator.LessOrEqual => "<=",
        ComparisonOperator.Greater => ">",
        ComparisonOperator.GreaterOrEqual => ">=",
        ComparisonOperator.In => "in",
        _ => "not in",
    };

    /// <summary>An equal item of a list, a name of a map, a part of a string.</summary>
    public static bool Holds(ref Evaluation evaluation, int position, Value holder, Value item)
    {
        evaluation.Work(position, holder.Kind is ValueKind.Map ? 1 : holder.Weight);
        switch (holder.Kind, item.Kind)
        {
            case (ValueKind.List, _):
                foreach (var each in holder.Items.Span)
                {
                    if (each.Equals(item))
                        return true;
                }

                return false;
            case (ValueKind.Map, ValueKind.String):
                return holder.TryGet(item.AsString(), out _);
            case (ValueKind.String, ValueKind.String):
                return holder.AsString().Contains(item.AsString(), StringComparison.Ordinal);
            case (ValueKind.Map or ValueKind.String, _):
                throw evaluation.Fail(position, $"In {KindNames.Of(holder.Kind)} can only be a string, not {KindNames.Of(item.Kind)}.");
            default:
                throw evaluation.Fail(position, $"Nothing is in {KindNames.Of(holder.Kind)}: it takes a list, a map or a string.");
        }
    }

    /// <summary>Null where the two have no order.</summary>
    public static int? Order(Value left, Value right)
    {
        if (left.IsNumber && right.IsNumber)
            return NumberOrder.Compare(left, right);

        return left.Kind is ValueKind.String && right.Kind is ValueKind.String
            ? string.CompareOrdinal(left.AsString(), right.AsString())
            : null;
    }

    bool Ordered(in Evaluation evaluation, Value first, Value second)
    {
        if (Order(first, second) is not { } order)
        {
            throw evaluation.Fail(
                Position,
                $"`{Symbol(operation)}` needs two numbers or two strings, not {KindNames.Of(first.Kind)} and {KindNames.Of(second.Kind)}.");
        }

        return operation switch
        {
            ComparisonOperator.Less => order < 0,
            ComparisonOperator.LessOrEqual => order <= 0,
            ComparisonOperator.Greater => order > 0,
            _ => order >= 0,
        };
    }
}
