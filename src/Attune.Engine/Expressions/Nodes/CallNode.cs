using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Attune.Engine.Expressions.Functions;

namespace Attune.Engine.Expressions.Nodes;

/// <summary>`f(a, b)`, also where it was written as the filter `a | f(b)`.</summary>
/// <param name="pattern">Compiled, where the function takes a regular expression and it is literal.</param>
sealed class CallNode(int position, Function function, IReadOnlyList<Node> arguments, Regex? pattern) : Node(position)
{
    public Function Function => function;

    public IReadOnlyList<Node> Arguments => arguments;

    public Regex? Pattern => pattern;

    public override IEnumerable<Node> Children => arguments;

    public override Value Evaluate(ref Evaluation evaluation)
    {
        evaluation.Step(Position);
        if (arguments.Count > FewValues.Max)
            return Evaluate(ref evaluation, new Value[arguments.Count]);

        var few = new FewValues();
        return Evaluate(ref evaluation, ((Span<Value>)few)[..arguments.Count]);
    }

    public override void Print(StringBuilder text)
    {
        Printing.Separated(text.Append(function.Name).Append('('), arguments);
        text.Append(')');
    }

    Value Evaluate(ref Evaluation evaluation, scoped Span<Value> values)
    {
        for (var index = 0; index < values.Length; index++)
        {
            if (arguments[index] is LambdaNode)
                continue;

            values[index] = arguments[index].Evaluate(ref evaluation);
            var parameter = function.ParameterAt(index);
            if (!parameter.Takes(values[index].Kind))
                throw Misfit(evaluation, parameter, index, values[index]);
        }

        return function.Body(ref evaluation, new(this, values));
    }

    ExpressionException Misfit(in Evaluation evaluation, Parameter parameter, int index, Value value)
        => evaluation.Fail(
            arguments[index].Position,
            $"{function.Name}() needs {parameter.KindsText} as its {parameter.Name}, not {KindNames.Of(value.Kind)}.");

    [InlineArray(Max)]
    struct FewValues
    {
        public const int Max = 4;

        Value first;
    }
}
