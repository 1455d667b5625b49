using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`item => …`, only as an argument: a function applies it to each item.</summary>
/// <param name="slot">Where the item is kept: lambdas inside others have places of their own.</param>
sealed class LambdaNode(int position, string parameter, int slot, Node body) : Node(position)
{
    public string Parameter => parameter;

    public int Slot => slot;

    public Node Body => body;

    public override Precedence Precedence => Precedence.Conditional;

    public override IEnumerable<Node> Children => [body];

    public override Value Evaluate(ref Evaluation evaluation) => throw new InvalidOperationException("A lambda has no value of its own.");

    public override void Print(StringBuilder text)
    {
        text.Append(parameter).Append(" => ");
        body.Print(text);
    }
}
