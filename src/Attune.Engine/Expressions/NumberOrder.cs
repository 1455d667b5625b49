namespace Attune.Engine.Expressions;

/// <summary>Compares integers with doubles without losing a bit: 2^53 + 1 is no double, so none equals it.</summary>
static class NumberOrder
{
    const double TwoTo63 = 9223372036854775808.0;

    public static int Compare(Value left, Value right) => (left.Kind, right.Kind) switch
    {
        (ValueKind.Int, ValueKind.Int) => left.AsInt().CompareTo(right.AsInt()),
        (ValueKind.Int, ValueKind.Double) => Compare(left.AsInt(), right.AsDouble()),
        (ValueKind.Double, ValueKind.Int) => -Compare(right.AsInt(), left.AsDouble()),
        _ => left.AsDouble() == right.AsDouble() ? 0 : left.AsDouble() < right.AsDouble() ? -1 : 1,
    };

    public static bool IsWhole(double number, out long whole)
    {
        var fits = number is >= -TwoTo63 and < TwoTo63 && Math.Floor(number) == number;
        whole = fits ? (long)number : 0;
        return fits;
    }

    static int Compare(long whole, double number)
    {
        if (number >= TwoTo63)
            return -1;
        if (number < -TwoTo63)
            return 1;

        var floor = Math.Floor(number);
        var order = whole.CompareTo((long)floor);
        return order != 0 ? order : number > floor ? -1 : 0;
    }
}
