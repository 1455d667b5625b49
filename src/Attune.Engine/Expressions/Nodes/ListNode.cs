using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`[a, b]`.</summary>
sealed class ListNode(int position, IReadOnlyList<Node> items) : Node(position)
{
    readonly Value? constant = items.All(item => item.Constant is not null)
        ? Value.Of(new ValueList([.. items.Select(item => item.Constant!.Value)]))
        : null;

    public IReadOnlyList<Node> Items => items;

    public override IEnumerable<Node> Children => items;

    public override Value? Constant => constant;

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        if (constant is { } known)
            return known;

        var values = new Value[items.Count];
        for (var index = 0; index < values.Length; index++)
            values[index] = items[index].Evaluate(ref evaluation);
        return evaluation.Made(Position, values);
    }

    public override void Print(StringBuilder text)
    {
        text.Append('[');
        Printing.Separated(text, items);
        text.Append(']');
    }
}
