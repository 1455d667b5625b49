using static Attune.Engine.Expressions.Functions.Parameter;

namespace Attune.Engine.Expressions.Functions;

static class NumberFunctions
{
    const string TooLarge = "The result does not fit an int of 64 bits.";

    public static IReadOnlyList<Function> All { get; } =
    [
        new("abs", [Number("number")],
            "The number without its sign.",
            Abs)
            { Examples = [("abs(-3)", "3"), ("abs(-1.5)", "1.5")] },
        new("floor", [Number("number")], "The next int below.", (ref e, call) => Whole(ref e, call, Math.Floor))
            { Examples = [("floor(2.7)", "2"), ("floor(-2.1)", "-3")] },
        new("ceil", [Number("number")], "The next int above.", (ref e, call) => Whole(ref e, call, Math.Ceiling))
            { Examples = [("ceil(2.1)", "3")] },
        new("round", [Number("number"), Int("digits").Optional()],
            "The nearest int or, with digits (0 to 15), the nearest double with as many behind the point. A half is "
            + "rounded away from zero.",
            Round)
            { Examples = [("round(2.5)", "3"), ("round(-2.5)", "-3"), ("round(3.14159, 2)", "3.14")] },
        new("min", [Any("values") with { IsRest = true }],
            "The least of a list, or of several arguments: all numbers or all strings.",
            (ref e, call) => Extreme(ref e, call, -1))
            { Examples = [("min([3, 1, 2])", "1"), ("min('b', 'a')", "\"a\"")] },
        new("max", [Any("values") with { IsRest = true }],
            "The greatest of a list, or of several arguments: all numbers or all strings.",
            (ref e, call) => Extreme(ref e, call, 1))
            { Examples = [("max([3, 1, 2])", "3"), ("max(1, 2.5)", "2.5")] },
        new("sum", [List("numbers")],
            "All numbers added; 0 for an empty list.",
            Sum)
            { Examples = [("sum([1, 2, 3.5])", "6.5"), ("sum([])", "0")] },
    ];

    static Value Abs(ref Evaluation evaluation, Call call)
    {
        if (call[0].Kind is ValueKind.Double)
            return Value.Of(Math.Abs(call[0].AsDouble()));

        return call[0].AsInt() != long.MinValue ? Value.Of(Math.Abs(call[0].AsInt())) : throw evaluation.Fail(call.Position, TooLarge);
    }

    static Value Whole(ref Evaluation evaluation, Call call, Func<double, double> rounding)
    {
        if (call[0].Kind is ValueKind.Int)
            return call[0];

        return NumberOrder.IsWhole(rounding(call[0].AsDouble()), out var whole)
            ? Value.Of(whole)
            : throw evaluation.Fail(call.Position, TooLarge);
    }

    static Value Round(ref Evaluation evaluation, Call call)
    {
        if (!call.Has(1))
            return Whole(ref evaluation, call, number => Math.Round(number, MidpointRounding.AwayFromZero));
        if (call[1].AsInt() is < 0 or > 15)
            throw evaluation.Fail(call.PositionOf(1), "round() takes 0 to 15 digits.");

        return Value.Of(Math.Round(call[0].AsDouble(), (int)call[1].AsInt(), MidpointRounding.AwayFromZero));
    }

    static Value Extreme(ref Evaluation evaluation, Call call, int sign)
    {
        var isList = call.Count == 1 && call[0].Kind is ValueKind.List;
        var values = isList ? call.Items(0) : call.Arguments;
        if (values.Length == 0)
            throw evaluation.Fail(call.PositionOf(0), $"An empty list has no {call.Name}().");

        var extreme = values[0];
        foreach (var value in values)
        {
            evaluation.Work(call.Position, 1 + Math.Min(value.Weight, extreme.Weight));
            var order = Nodes.ComparisonNode.Order(value, extreme)
                ?? throw evaluation.Fail(
                    call.Position,
                    $"{call.Name}() compares numbers or strings, not {KindNames.Of(value.Kind)} with {KindNames.Of(extreme.Kind)}.");
            if (Math.Sign(order) == sign)
                extreme = value;
        }

        return extreme;
    }

    static Value Sum(ref Evaluation evaluation, Call call)
    {
        evaluation.Work(call.Position, call.Items(0).Length);
        var sum = Value.Of(0L);
        foreach (var item in call.Items(0))
        {
            if (!item.IsNumber)
                throw evaluation.Fail(call.PositionOf(0), $"sum() adds numbers, not {KindNames.Of(item.Kind)}.");

            sum = Nodes.Arithmetic.Of(Nodes.ArithmeticOperator.Add, sum, item, out var problem);
            if (problem is not null)
                throw evaluation.Fail(call.Position, problem);
        }

        return sum;
    }
}
