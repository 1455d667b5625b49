using static Attune.Engine.Expressions.Functions.Parameter;

namespace Attune.Engine.Expressions.Functions;

static class TextFunctions
{
    public static IReadOnlyList<Function> All { get; } =
    [
        new("lower", [Text("text")],
            "In lower-case letters, in no language's special way.",
            (ref e, call) => e.Made(call.Position, call.Text(0).ToLowerInvariant()))
            { Examples = [("lower('ÄB')", "\"äb\"")] },
        new("upper", [Text("text")],
            "In upper-case letters, in no language's special way.",
            (ref e, call) => e.Made(call.Position, call.Text(0).ToUpperInvariant()))
            { Examples = [("upper('äb')", "\"ÄB\"")] },
        new("trim", [Text("text")],
            "Without white space at both ends.",
            (ref e, call) => e.Made(call.Position, call.Text(0).Trim()))
            { Examples = [("trim('  a b ')", "\"a b\"")] },
        new("split", [Text("text"), Text("separator").Optional(), Int("parts").Optional()],
            "The parts between separators, at most so many; without a separator the words between white space.",
            Split)
            {
                Examples =
                [
                    ("split('a,b,c', ',')", "[\"a\",\"b\",\"c\"]"),
                    ("split(' a  b ')", "[\"a\",\"b\"]"),
                    ("split('a=b=c', '=', 2)", "[\"a\",\"b=c\"]"),
                ],
            },
        new("join", [List("items"), Text("separator").Optional()],
            "One text of strings, numbers and bools, with the separator between them.",
            Join)
            { Examples = [("join(['a', 1, true], ', ')", "\"a, 1, true\""), ("['a', 'b'] | join", "\"ab\"")] },
        new("replace", [Text("text"), Text("old"), Text("new")], "Every old part replaced by the new one.", Replace)
            { Examples = [("replace('a-b-c', '-', '+')", "\"a+b+c\"")] },
        new("starts_with", [Text("text"), Text("start")], "Whether it begins so.",
            (ref e, call) => Value.Of(Looked(ref e, call).StartsWith(call.Text(1), StringComparison.Ordinal)))
            { Examples = [("starts_with('refs/heads/main', 'refs/heads/')", "true")] },
        new("ends_with", [Text("text"), Text("end")], "Whether it ends so.",
            (ref e, call) => Value.Of(Looked(ref e, call).EndsWith(call.Text(1), StringComparison.Ordinal)))
            { Examples = [("ends_with('report.csv', '.csv')", "true")] },
    ];

    static string Looked(ref Evaluation evaluation, Call call)
    {
        evaluation.Work(call.Position, call[1].Weight);
        return call.Text(0);
    }

    static Value Split(ref Evaluation evaluation, Call call)
    {
        var text = call.Text(0);
        evaluation.Charge(call.Position, text.Length);
        if (call.Has(2) && call[2].AsInt() < 1)
            throw evaluation.Fail(call.PositionOf(2), "split() makes at least 1 part.");
        if (call.TextOrNull(1) is "")
            throw evaluation.Fail(call.PositionOf(1), "split() needs a separator that is not empty.");

        var partsMax = call.Has(2) ? (int)Math.Min(call[2].AsInt(), int.MaxValue) : int.MaxValue;
        var parts = call.TextOrNull(1) is { } separator
            ? text.Split(separator, partsMax)
            : text.Split((char[]?)null, partsMax, StringSplitOptions.RemoveEmptyEntries);
        return evaluation.Made(call.Position, Array.ConvertAll(parts, Value.Of));
    }

    static Value Join(ref Evaluation evaluation, Call call)
    {
        var items = call.Items(0);
        var separator = call.TextOrNull(1) ?? "";
        evaluation.Charge(call.Position, (long)separator.Length * Math.Max(0, items.Length - 1));
        var texts = new string[items.Length];
        for (var index = 0; index < texts.Length; index++)
        {
            var item = items[index];
            if (item.Kind is ValueKind.Null or ValueKind.List or ValueKind.Map)
                throw evaluation.Fail(call.PositionOf(0), $"join() joins strings, numbers and bools, but [{index}] is {KindNames.Of(item.Kind)}.");

            texts[index] = item.Kind is ValueKind.String ? item.AsString() : ValueJson.Text(item, false);
            evaluation.Charge(call.Position, texts[index].Length);
        }

        evaluation.Work(call.Position, texts.Length);
        return Value.Of(string.Join(separator, texts));
    }

    static Value Replace(ref Evaluation evaluation, Call call)
    {
        var (text, old, replacement) = (call.Text(0), call.Text(1), call.Text(2));
        if (old is "")
            throw evaluation.Fail(call.PositionOf(1), "replace() needs an old part that is not empty.");

        // Counted before it is made: a megabyte in place of each of a million letters would be the end of the process.
        evaluation.Work(call.Position, text.Length);
        var count = 0;
        for (var next = 0; (next = text.IndexOf(old, next, StringComparison.Ordinal)) >= 0; next += old.Length)
            count++;
        evaluation.Charge(call.Position, text.Length + (count * ((long)replacement.Length - old.Length)));
        return count == 0 ? call[0] : Value.Of(text.Replace(old, replacement, StringComparison.Ordinal));
    }
}
