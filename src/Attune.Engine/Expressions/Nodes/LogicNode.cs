using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`a and b and c` or `a or b or c`: as many operands as are written, so that a long chain is not deep.</summary>
sealed class LogicNode(int position, bool isOr, IReadOnlyList<Node> operands) : Node(position)
{
    public bool IsOr => isOr;

    public IReadOnlyList<Node> Operands => operands;

    public override Precedence Precedence => isOr ? Precedence.Or : Precedence.And;

    public override IEnumerable<Node> Children => operands;

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        for (var index = 0; index < operands.Count; index++)
        {
            if (Decide(ref evaluation, operands[index], isOr ? "`or`" : "`and`") == isOr)
                return Value.Of(isOr);
        }

        return Value.Of(!isOr);
    }

    public override void Print(StringBuilder text)
    {
        for (var index = 0; index < operands.Count; index++)
        {
            text.Append(index == 0 ? "" : isOr ? " or " : " and ");
            Printing.Operand(text, operands[index], Precedence + 1);
        }
    }
}
