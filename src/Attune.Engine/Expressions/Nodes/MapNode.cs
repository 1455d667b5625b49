using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`{a: 1, 'b c': 2}`. The names are literal.</summary>
sealed class MapNode(int position, IReadOnlyList<string> names, IReadOnlyList<Node> values) : Node(position)
{
    readonly Value? constant = values.All(value => value.Constant is not null)
        ? Value.Of(ValueMap.Of([.. names.Zip(values, (name, value) => KeyValuePair.Create(name, value.Constant!.Value))]))
        : null;

    public IReadOnlyList<string> Names => names;

    public IReadOnlyList<Node> Values => values;

    public override IEnumerable<Node> Children => values;

    public override Value? Constant => constant;

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        if (constant is { } known)
            return known;

        var members = new List<KeyValuePair<string, Value>>(names.Count);
        for (var index = 0; index < names.Count; index++)
            members.Add(new(names[index], values[index].Evaluate(ref evaluation)));
        return evaluation.Made(Position, members);
    }

    public override void Print(StringBuilder text)
    {
        text.Append('{');
        for (var index = 0; index < names.Count; index++)
        {
            text.Append(index == 0 ? "" : ", ");
            if (Lexer.IsName(names[index]))
                text.Append(names[index]);
            else
                Printing.Literal(text, names[index]);
            text.Append(": ");
            values[index].Print(text);
        }

        text.Append('}');
    }
}
