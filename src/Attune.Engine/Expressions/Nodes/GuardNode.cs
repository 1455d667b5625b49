using System.Text;
using Attune.Engine.Expressions.Functions;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>default() and coalesce(): what is missing is no error below them.</summary>
sealed class GuardNode(int position, Function function, IReadOnlyList<Node> arguments) : Node(position)
{
    // An exception costs far more than a step, and a loop could meet one in every round.
    const int WeightOfException = 100 * 64;

    readonly bool takesNull = function.Name is "default";

    public Function Function => function;

    public IReadOnlyList<Node> Arguments => arguments;

    public override IEnumerable<Node> Children => arguments;

    /// <summary>Whether the argument may be missing. The last of default() is what counts then, so it may not.</summary>
    public bool Forgives(int index) => !takesNull || index == 0;

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        for (var index = 0; index < arguments.Count; index++)
        {
            if (!Forgives(index))
                return arguments[index].Evaluate(ref evaluation);
            if (IsThere(ref evaluation, arguments[index], out var value) && (takesNull || value.Kind is not ValueKind.Null))
                return value;
        }

        return Value.Null;
    }

    public override void Print(StringBuilder text)
    {
        Printing.Separated(text.Append(function.Name).Append('('), arguments);
        text.Append(')');
    }

    static bool IsThere(ref Evaluation evaluation, Node argument, out Value value)
    {
        var wasGuarded = evaluation.IsGuarded;
        evaluation.IsGuarded = true;
        try
        {
            var isThere = argument.TryEvaluate(ref evaluation, out value);
            evaluation.IsGuarded = wasGuarded;
            return isThere;
        }
        catch (ExpressionException missing) when (missing.IsMissing)
        {
            evaluation.IsGuarded = wasGuarded;
            evaluation.Work(argument.Position, WeightOfException);
            value = default;
            return false;
        }
    }
}
