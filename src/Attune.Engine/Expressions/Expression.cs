using Attune.Engine.Expressions.Nodes;

namespace Attune.Engine.Expressions;

/// <summary>
/// One expression, compiled once and evaluated from any thread. The text is what stands between the braces; texts with braces are
/// <see cref="Template"/>s.
/// </summary>
public sealed class Expression
{
    internal Expression(string text, Node root, int localCount)
    {
        (Text, Root, LocalCount) = (text, root, localCount);
        Reads = Reading.Of(root);
    }

    /// <summary>Variables it may read, as written: `event.payload.host`; each once, in the order of the text.</summary>
    public IReadOnlyList<VariableUse> Reads { get; }

    /// <summary>What positions count in: of an expression in a template, the whole text around it.</summary>
    internal string Text { get; }

    internal Node Root { get; }

    internal int LocalCount { get; }

    /// <exception cref="ExpressionException">What is wrong, at which character, and what was probably meant.</exception>
    public static Expression Parse(string text)
    {
        var parser = new Parser(text, 0, isEmbedded: false);
        return parser.Whole();
    }

    /// <exception cref="ExpressionException">A missing name, a wrong type, a limit.</exception>
    public Value Evaluate(Scope scope, ExpressionLimits limits)
    {
        var evaluation = new Evaluation(Text, scope, limits);
        return evaluation.Run(this);
    }

    /// <summary>Canonical text: parsing it again gives an equal tree.</summary>
    public override string ToString() => Printing.Text(Root);
}
