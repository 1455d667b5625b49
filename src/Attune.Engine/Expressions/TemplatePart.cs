using System.Text;

namespace Attune.Engine.Expressions;

/// <summary>A value of a template; the root of a closed union.</summary>
abstract class TemplatePart
{
    public virtual IEnumerable<(string Path, string Text, Expression Expression)> Expressions => [];

    public abstract Value Render(ref Evaluation evaluation);
}

/// <summary>Without any expression, however large.</summary>
sealed class TemplateConstant(Value value) : TemplatePart
{
    public Value Value => value;

    public override Value Render(ref Evaluation evaluation) => value;
}

sealed class TemplateList(string path, IReadOnlyList<TemplatePart> items) : TemplatePart
{
    public int Count => items.Count;

    public override IEnumerable<(string Path, string Text, Expression Expression)> Expressions => items.SelectMany(item => item.Expressions);

    public override Value Render(ref Evaluation evaluation)
    {
        var values = new Value[items.Count];
        for (var index = 0; index < values.Length; index++)
            values[index] = items[index].Render(ref evaluation);
        evaluation.Place = path;
        return evaluation.Made(-1, values);
    }
}

sealed class TemplateMap(string path, IReadOnlyList<(string Name, TemplatePart Part)> members) : TemplatePart
{
    public IReadOnlyList<(string Name, TemplatePart Part)> Members => members;

    public override IEnumerable<(string Path, string Text, Expression Expression)> Expressions
        => members.SelectMany(member => member.Part.Expressions);

    public override Value Render(ref Evaluation evaluation)
    {
        var values = new List<KeyValuePair<string, Value>>(members.Count);
        foreach (var (name, part) in members)
            values.Add(new(name, part.Render(ref evaluation)));
        evaluation.Place = path;
        return evaluation.Made(-1, values);
    }
}

/// <summary>A text with at least one expression.</summary>
/// <param name="pieces">Literal texts and expressions as they follow each other.</param>
sealed class TemplateText(string path, string text, IReadOnlyList<(string Literal, Expression? Expression)> pieces) : TemplatePart
{
    public bool IsOneExpression => pieces is [{ Expression: not null }];

    public override IEnumerable<(string Path, string Text, Expression Expression)> Expressions
        => pieces.Select(piece => piece.Expression).OfType<Expression>().Select(expression => (path, text, expression));

    public override Value Render(ref Evaluation evaluation)
    {
        evaluation.Place = path;
        return pieces is [{ Expression: { } only }] ? evaluation.Run(only) : Joined(ref evaluation);
    }

    Value Joined(ref Evaluation evaluation)
    {
        var joined = new StringBuilder();
        foreach (var (literal, expression) in pieces)
        {
            var piece = expression is null ? literal : Shown(ref evaluation, expression);
            evaluation.Charge(-1, piece.Length);
            joined.Append(piece);
        }

        return Value.Of(joined.ToString());
    }

    static string Shown(ref Evaluation evaluation, Expression expression)
    {
        var value = evaluation.Run(expression);
        if (value.Kind is ValueKind.Null)
        {
            throw evaluation.Fail(
                expression.Root.Position, "null cannot be put into a text: write coalesce(x, '') or what shall stand there.");
        }

        if (value.Kind is ValueKind.String)
            return value.AsString();

        evaluation.Charge(expression.Root.Position, value.Weight);
        return ValueJson.Text(value, false);
    }
}
