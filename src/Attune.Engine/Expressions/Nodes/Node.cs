using System.Text;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>A part of an expression; the root of a closed union. Immutable, so that one tree is evaluated on many threads.</summary>
abstract class Node(int position)
{
    int depth;

    /// <summary>Of the character that errors point at.</summary>
    public int Position => position;

    /// <summary>Levels of the tree from here down.</summary>
    public int Depth => depth != 0 ? depth : depth = 1 + Children.Select(child => child.Depth).DefaultIfEmpty().Max();

    public virtual Precedence Precedence => Precedence.Postfix;

    public virtual IEnumerable<Node> Children => [];

    /// <summary>The same at every evaluation, and known already.</summary>
    public virtual Value? Constant => null;

    public abstract Value Evaluate(ref Evaluation evaluation);

    /// <summary>False instead of an exception where what it names is missing; by whoever can tell cheaply.</summary>
    public virtual bool TryEvaluate(ref Evaluation evaluation, out Value value)
    {
        value = Evaluate(ref evaluation);
        return true;
    }

    public abstract void Print(StringBuilder text);

    protected static bool Decide(ref Evaluation evaluation, Node condition, string what)
    {
        var value = condition.Evaluate(ref evaluation);
        if (value.Kind is ValueKind.Bool)
            return value.AsBool();

        var hint = value.Kind switch
        {
            ValueKind.Null => "write `x == null` or coalesce(x, false)",
            ValueKind.String => "write `x != ''`, or bool(x) for 'true' and 'false'",
            ValueKind.List or ValueKind.Map => "write length(x) > 0",
            _ => "write `x != 0`",
        };
        throw evaluation.Fail(condition.Position, $"{what} needs true or false, not {KindNames.Of(value.Kind)}: {hint}.");
    }
}
