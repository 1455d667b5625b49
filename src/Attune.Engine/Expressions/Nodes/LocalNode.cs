using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>The parameter of a lambda around it.</summary>
sealed class LocalNode(int position, string name, int slot) : Node(position)
{
    public string Name => name;

    public int Slot => slot;

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        return evaluation.Local(slot);
    }

    public override void Print(StringBuilder text) => text.Append(name);
}
