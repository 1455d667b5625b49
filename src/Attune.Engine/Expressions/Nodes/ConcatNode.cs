using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`a ~ b ~ c`: one text of strings, numbers and bools.</summary>
sealed class ConcatNode(int position, IReadOnlyList<Node> operands) : Node(position)
{
    public IReadOnlyList<Node> Operands => operands;

    public override Precedence Precedence => Precedence.Additive;

    public override IEnumerable<Node> Children => operands;

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        var parts = new string[operands.Count];
        for (var index = 0; index < parts.Length; index++)
        {
            var value = operands[index].Evaluate(ref evaluation);
            parts[index] = value.Kind switch
            {
                ValueKind.String => value.AsString(),
                ValueKind.Int or ValueKind.Double or ValueKind.Bool => ValueJson.Text(value, false),
                ValueKind.Null => throw evaluation.Fail(operands[index].Position, "`~` joins no null: write coalesce(x, '')."),
                _ => throw evaluation.Fail(
                    operands[index].Position,
                    $"`~` joins no {KindNames.Bare(value.Kind)}: write to_json(x) or join(x, ', ')."),
            };
            evaluation.Charge(Position, parts[index].Length);
        }

        return Value.Of(string.Concat(parts));
    }

    public override void Print(StringBuilder text)
    {
        Printing.Operand(text, operands[0], operands[0] is ConcatNode ? Precedence.Multiplicative : Precedence.Additive);
        foreach (var operand in operands.Skip(1))
            Printing.Operand(text.Append(" ~ "), operand, Precedence.Multiplicative);
    }
}
