using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`x[1:3]` of a list or a string: from the first up to but without the second; negative ones count from the end.</summary>
sealed class SliceNode(int position, Node target, Node? start, Node? end) : Node(position)
{
    public Node Target => target;

    public Node? Start => start;

    public Node? End => end;

    public override IEnumerable<Node> Children => new[] { target, start, end }.OfType<Node>();

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        var value = target.Evaluate(ref evaluation);
        return Take(ref evaluation, Position, value, Bound(ref evaluation, start), Bound(ref evaluation, end));
    }

    public override void Print(StringBuilder text)
    {
        Printing.Operand(text, target, Precedence.Postfix);
        text.Append('[');
        start?.Print(text);
        text.Append(':');
        end?.Print(text);
        text.Append(']');
    }

    /// <summary>Bounds outside of the value are moved to its ends.</summary>
    public static Value Take(ref Evaluation evaluation, int position, Value value, long? start, long? end)
    {
        switch (value.Kind)
        {
            case ValueKind.List:
                var items = value.Items.Span;
                var (from, to) = Range(items.Length, start, end);
                evaluation.Work(position, to - from);
                return evaluation.Made(position, items[from..to].ToArray());
            case ValueKind.String:
                var text = value.AsString();
                evaluation.Work(position, text.Length);
                (from, to) = Range(Characters.Count(text), start, end);
                return evaluation.Made(position, Characters.Between(text, from, to));
            default:
                throw evaluation.Fail(position, $"Only a list or a string has parts to take, not {KindNames.Of(value.Kind)}.");
        }
    }

    static (int From, int To) Range(int length, long? start, long? end)
    {
        var from = Place(start ?? 0);
        return (from, Math.Max(from, Place(end ?? length)));

        int Place(long bound) => (int)Math.Clamp(bound < 0 ? bound + length : bound, 0, length);
    }

    static long? Bound(ref Evaluation evaluation, Node? bound)
    {
        if (bound is null)
            return null;

        var value = bound.Evaluate(ref evaluation);
        return value.Kind is ValueKind.Int
            ? value.AsInt()
            : throw evaluation.Fail(bound.Position, $"A part is taken between ints, not {KindNames.Of(value.Kind)}.");
    }
}
