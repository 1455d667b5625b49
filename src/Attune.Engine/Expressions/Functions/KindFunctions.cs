using System.Globalization;
using static Attune.Engine.Expressions.Functions.Parameter;

namespace Attune.Engine.Expressions.Functions;

static class KindFunctions
{
    public static IReadOnlyList<Function> All { get; } =
    [
        Function.Guard("default", [Any("value"), Any("otherwise")],
            "The value, or the other where a name, member or item in it is missing. A null that is there stays null.")
            with
            {
                Examples =
                [
                    ("default(event.payload.branch, 'main')", "\"main\""),
                    ("event.payload.host.timeout | default(30)", "30"),
                    ("default(null, 1)", "null"),
                ],
            },
        Function.Guard("coalesce", [Any("value"), Any("values") with { IsRest = true, IsOptional = true }],
            "The first value that is neither missing nor null; null where there is none.")
            with
            {
                Examples =
                [
                    ("coalesce(event.payload.branch, null, 'main')", "\"main\""),
                    ("coalesce(null)", "null"),
                ],
            },
        new("type_of", [Any("value")], "The name of its kind: null, bool, int, double, string, list or map.",
            (ref _, call) => Value.Of(KindNames.Bare(call[0].Kind)))
            { Examples = [("type_of(1)", "\"int\""), ("type_of([])", "\"list\"")] },
        new("string", [Any("value")], "A string as it is, everything else as JSON.", String)
            {
                Examples =
                [
                    ("string(1.5)", "\"1.5\""),
                    ("string('a')", "\"a\""),
                    ("string([1, 'a'])", "\"[1,\\\"a\\\"]\""),
                ],
            },
        new("int", [new("value", Kinds.Number | Kinds.Text)],
            "A whole number, or a string of decimal digits, as an int. round(), floor() and ceil() make whole numbers of others.",
            Int)
            { Examples = [("int('42')", "42"), ("int(3.0)", "3"), ("int(round(2.7))", "3")] },
        new("number", [new("value", Kinds.Number | Kinds.Text)],
            "A number as it is; a string of one as an int where it is written as one, else as a double.",
            Number)
            { Examples = [("number('1.5')", "1.5"), ("number('-7')", "-7")] },
        new("bool", [new("value", Kinds.Bool | Kinds.Text)],
            "A bool as it is; 'true' and 'false' as what they say.",
            Bool)
            { Examples = [("bool('true')", "true")] },
    ];

    static Value String(ref Evaluation evaluation, Call call)
    {
        if (call[0].Kind is ValueKind.String)
            return call[0];

        evaluation.Charge(call.Position, call[0].Weight);
        return evaluation.Made(call.Position, ValueJson.Text(call[0], false));
    }

    static Value Int(ref Evaluation evaluation, Call call)
    {
        if (call[0].Kind is ValueKind.Int)
            return call[0];
        if (call[0].Kind is ValueKind.Double)
        {
            return NumberOrder.IsWhole(call[0].AsDouble(), out var whole)
                ? Value.Of(whole)
                : throw evaluation.Fail(call.PositionOf(0), "int() needs a whole number of 64 bits: use round(), floor() or ceil().");
        }

        evaluation.Work(call.Position, call[0].Weight);
        return long.TryParse(call.Text(0), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var read)
            ? Value.Of(read)
            : throw evaluation.Fail(call.PositionOf(0), "int() needs decimal digits that fit 64 bits: this string is something else.");
    }

    static Value Number(ref Evaluation evaluation, Call call)
    {
        const NumberStyles Written = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (call[0].IsNumber)
            return call[0];

        var text = call.Text(0);
        evaluation.Work(call.Position, text.Length);
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return Value.Of(whole);

        return double.TryParse(text, Written, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            && text.AsSpan().ContainsAnyInRange('0', '9')
            ? Value.Of(number)
            : throw evaluation.Fail(call.PositionOf(0), "number() needs a number that a double can hold: this string is something else.");
    }

    static Value Bool(ref Evaluation evaluation, Call call)
    {
        if (call[0].Kind is ValueKind.Bool)
            return call[0];

        return call.Text(0) switch
        {
            "true" => Value.Of(true),
            "false" => Value.Of(false),
            _ => throw evaluation.Fail(call.PositionOf(0), "bool() needs 'true' or 'false': this string is something else."),
        };
    }
}
