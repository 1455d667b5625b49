using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`.name` of anything but a plain path.</summary>
sealed class MemberNode(int position, Node target, string name) : Node(position)
{
    public Node Target => target;

    public string Name => name;

    public override IEnumerable<Node> Children => [target];

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        var value = target.Evaluate(ref evaluation);
        return value.TryGet(name, out var member) ? member : throw Missing(evaluation, value);
    }

    public override bool TryEvaluate(ref Evaluation evaluation, out Value value)
    {
        evaluation.Step(Position);
        if (!target.TryEvaluate(ref evaluation, out var owner))
        {
            value = default;
            return false;
        }

        if (owner.TryGet(name, out value))
            return true;

        return owner.Kind is ValueKind.Map or ValueKind.Null ? false : throw Missing(evaluation, owner);
    }

    public override void Print(StringBuilder text)
    {
        Printing.Operand(text, target, Precedence.Postfix);
        Printing.Member(text, name);
    }

    ExpressionException Missing(in Evaluation evaluation, Value owner)
        => MissingName.OfMember(evaluation, Position, MissingName.Quoted(Printing.Text(target)), owner, name);
}
