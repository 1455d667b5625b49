namespace Attune.Engine.Expressions.Nodes;

enum ArithmeticOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
}

/// <summary>
/// Numbers: two ints give an int, except by `/`, which always gives a double; nothing wraps around. `//` rounds down and `%` has the sign
/// of the divisor, so that `a == a // b * b + a % b`.
/// </summary>
static class Arithmetic
{
    public const string Overflow = "The result does not fit 64 bits.";

    public static string Symbol(ArithmeticOperator operation) => operation switch
    {
        ArithmeticOperator.Add => "+",
        ArithmeticOperator.Subtract => "-",
        ArithmeticOperator.Multiply => "*",
        ArithmeticOperator.Divide => "/",
        ArithmeticOperator.FloorDivide => "//",
        _ => "%",
    };

    /// <param name="problem">Where it has no result.</param>
    public static Value Of(ArithmeticOperator operation, Value left, Value right, out string? problem)
    {
        if (operation is ArithmeticOperator.Divide or ArithmeticOperator.FloorDivide or ArithmeticOperator.Remainder && right.AsDouble() == 0)
        {
            problem = $"`{Symbol(operation)}` divides by zero.";
            return default;
        }

        return left.Kind is ValueKind.Int && right.Kind is ValueKind.Int && operation is not ArithmeticOperator.Divide
            ? Whole(operation, left.AsInt(), right.AsInt(), out problem)
            : Floating(operation, left.AsDouble(), right.AsDouble(), out problem);
    }

    static Value Whole(ArithmeticOperator operation, long left, long right, out string? problem)
    {
        var wide = operation switch
        {
            ArithmeticOperator.Add => (Int128)left + right,
            ArithmeticOperator.Subtract => (Int128)left - right,
            ArithmeticOperator.Multiply => (Int128)left * right,
            ArithmeticOperator.FloorDivide => Floor(left, right),
            _ => left - (Floor(left, right) * right),
        };
        var fits = wide >= long.MinValue && wide <= long.MaxValue;
        problem = fits ? null : Overflow;
        return fits ? Value.Of((long)wide) : default;
    }

    static Int128 Floor(Int128 left, Int128 right)
    {
        var (quotient, remainder) = Int128.DivRem(left, right);
        return remainder != 0 && remainder < 0 != right < 0 ? quotient - 1 : quotient;
    }

    static Value Floating(ArithmeticOperator operation, double left, double right, out string? problem)
    {
        var result = operation switch
        {
            ArithmeticOperator.Add => left + right,
            ArithmeticOperator.Subtract => left - right,
            ArithmeticOperator.Multiply => left * right,
            ArithmeticOperator.Divide => left / right,
            ArithmeticOperator.FloorDivide => Math.Floor(left / right),
            _ => Remainder(left, right),
        };
        problem = double.IsFinite(result) ? null : "The result is too large for a double.";
        return problem is null ? Value.Of(result) : default;
    }

    static double Remainder(double left, double right)
    {
        var remainder = left % right;
        return remainder != 0 && remainder < 0 != right < 0 ? remainder + right : remainder;
    }
}
