using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`list[0]`, `text[-1]`, `map[name]`. Negative ones count from the end.</summary>
sealed class IndexNode(int position, Node target, Node index) : Node(position)
{
    public Node Target => target;

    public Node Index => index;

    public override IEnumerable<Node> Children => [target, index];

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        var owner = target.Evaluate(ref evaluation);
        var place = index.Evaluate(ref evaluation);
        return Find(ref evaluation, owner, place, out var value) ? value : throw Missing(evaluation, owner, place);
    }

    public override bool TryEvaluate(ref Evaluation evaluation, out Value value)
    {
        evaluation.Step(Position);
        if (target.TryEvaluate(ref evaluation, out var owner) && index.TryEvaluate(ref evaluation, out var place))
            return Find(ref evaluation, owner, place, out value);

        value = default;
        return false;
    }

    public override void Print(StringBuilder text)
    {
        Printing.Operand(text, target, Precedence.Postfix);
        text.Append('[');
        index.Print(text);
        text.Append(']');
    }

    bool Find(ref Evaluation evaluation, Value owner, Value place, out Value value)
    {
        value = default;
        switch (owner.Kind, place.Kind)
        {
            case (ValueKind.Map, ValueKind.String):
                return owner.TryGet(place.AsString(), out value);
            case (ValueKind.List, ValueKind.Int):
                var items = owner.Items.Span;
                var number = place.AsInt() < 0 ? place.AsInt() + items.Length : place.AsInt();
                if (number < 0 || number >= items.Length)
                    return false;
                value = items[(int)number];
                return true;
            case (ValueKind.String, ValueKind.Int):
                evaluation.Work(Position, owner.Weight);
                if (Characters.At(owner.AsString(), place.AsInt()) is not { } character)
                    return false;
                value = evaluation.Made(Position, character);
                return true;
            case (ValueKind.Null, ValueKind.String or ValueKind.Int):
                return false;
            case (ValueKind.Map, _):
                throw evaluation.Fail(index.Position, $"A map is asked by a string, not by {KindNames.Of(place.Kind)}.");
            case (ValueKind.List or ValueKind.String, _):
                throw evaluation.Fail(index.Position, $"{Upper(owner)} is asked by an int, not by {KindNames.Of(place.Kind)}.");
            default:
                throw evaluation.Fail(Position, $"{Upper(owner)} has no items: `[…]` is for lists, maps and strings.");
        }
    }

    ExpressionException Missing(in Evaluation evaluation, Value owner, Value place)
    {
        var name = MissingName.Quoted(Printing.Text(target));
        if (place.Kind is ValueKind.String)
            return MissingName.OfMember(evaluation, index.Position, name, owner, place.AsString());

        var (length, what) = owner.Kind switch
        {
            ValueKind.List => (owner.Items.Count, "items"),
            ValueKind.String => (Characters.Count(owner.AsString()), "characters"),
            _ => (-1, ""),
        };
        return evaluation.Missing(
            index.Position,
            $"{name} {(length < 0 ? "is null" : $"has {length} {what}")}, so there is no [{place.AsInt()}].");
    }

    static string Upper(Value value)
    {
        var name = KindNames.Of(value.Kind);
        return char.ToUpperInvariant(name[0]) + name[1..];
    }
}
