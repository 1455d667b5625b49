using static Attune.Engine.Expressions.Functions.Parameter;

namespace Attune.Engine.Expressions.Functions;

static class ListFunctions
{
    static readonly Parameter ListOrText = new("value", Kinds.List | Kinds.Text);

    public static IReadOnlyList<Function> All { get; } =
    [
        new("length", [new("value", Kinds.List | Kinds.Text | Kinds.Map)],
            "Items of a list, members of a map, characters of a string.",
            Length)
            { Examples = [("length([1, 2])", "2"), ("length('über')", "4"), ("length({a: 1})", "1")] },
        new("contains", [new("value", Kinds.List | Kinds.Text | Kinds.Map), Any("item")],
            "The same as `item in value`: an equal item of a list, a name of a map, a part of a string.",
            (ref e, call) => Value.Of(Nodes.ComparisonNode.Holds(ref e, call.PositionOf(1), call[0], call[1])))
            { Examples = [("contains([1, 2], 2)", "true"), ("'abc' | contains('bc')", "true")] },
        new("index_of", [ListOrText, Any("item")],
            "The place of the first equal item of a list or part of a string, counted from 0; -1 where there is none.",
            IndexOf)
            { Examples = [("index_of(['a', 'b'], 'b')", "1"), ("index_of('abc', 'x')", "-1")] },
        new("slice", [ListOrText, Int("start"), Int("end").Optional()],
            "The same as `value[start:end]`: from the start up to but without the end; negative ones count from the end.",
            (ref e, call) => Nodes.SliceNode.Take(ref e, call.Position, call[0], call[1].AsInt(), call.Has(2) ? call[2].AsInt() : null))
            { Examples = [("slice([1, 2, 3, 4], 1, 3)", "[2,3]"), ("slice('abcdef', -2)", "\"ef\"")] },
        new("reversed", [List("list")],
            "The last item first.",
            Reversed)
            { Examples = [("reversed([1, 2, 3])", "[3,2,1]")] },
        new("flat", [List("list")], "Items that are lists replaced by their items, one level deep.", Flat)
            { Examples = [("flat([1, [2, 3], [[4]]])", "[1,2,3,[4]]")] },
        new("zip", [List("lists") with { IsRest = true }],
            "A list of the first items of all lists, one of the second items and so on, as many as the shortest has.",
            Zip)
            { Examples = [("zip([1, 2, 3], ['a', 'b'])", "[[1,\"a\"],[2,\"b\"]]")] },
        new("chunks", [List("list"), Int("size")],
            "The list cut into lists of that size; the last may be shorter.",
            Chunks)
            { Examples = [("chunks([1, 2, 3, 4, 5], 2)", "[[1,2],[3,4],[5]]")] },
        new("range", [Int("start"), Int("end").Optional(), Int("step").Optional()],
            "The ints from the start up to but without the end; with one argument from 0 up to it.",
            Range)
            { Examples = [("range(3)", "[0,1,2]"), ("range(1, 4)", "[1,2,3]"), ("range(5, 0, -2)", "[5,3,1]")] },
    ];

    static Value Length(ref Evaluation evaluation, Call call)
    {
        switch (call[0].Kind)
        {
            case ValueKind.List:
                return Value.Of((long)call[0].Items.Count);
            case ValueKind.Map:
                return Value.Of((long)call[0].Members.Count);
            default:
                evaluation.Work(call.Position, call.Text(0).Length);
                return Value.Of((long)Characters.Count(call.Text(0)));
        }
    }

    static Value IndexOf(ref Evaluation evaluation, Call call)
    {
        evaluation.Work(call.Position, call[0].Weight);
        if (call[0].Kind is ValueKind.List)
            return Value.Of((long)call.Items(0).IndexOf(call[1]));
        if (call[1].Kind is not ValueKind.String)
            throw evaluation.Fail(call.PositionOf(1), $"In a string only a string has a place, not {KindNames.Of(call[1].Kind)}.");

        var unit = call.Text(0).IndexOf(call.Text(1), StringComparison.Ordinal);
        return Value.Of(unit < 0 ? -1L : Characters.Before(call.Text(0), unit));
    }

    static Value Reversed(ref Evaluation evaluation, Call call)
    {
        evaluation.Work(call.Position, call.Items(0).Length);
        var items = call.Items(0).ToArray();
        Array.Reverse(items);
        return evaluation.Made(call.Position, items);
    }

    static Value Flat(ref Evaluation evaluation, Call call)
    {
        var items = new List<Value>();
        foreach (var item in call.Items(0))
        {
            evaluation.Step(call.Position);
            evaluation.Charge(call.Position, item.Kind is ValueKind.List ? item.Items.Count : 1);
            if (item.Kind is ValueKind.List)
                items.AddRange(item.Items.Span);
            else
                items.Add(item);
        }

        return evaluation.Made(call.Position, [.. items]);
    }

    static Value Zip(ref Evaluation evaluation, Call call)
    {
        var length = int.MaxValue;
        foreach (var list in call.Arguments)
            length = Math.Min(length, list.Items.Count);

        evaluation.Charge(call.Position, (long)length * call.Count);
        var rows = new Value[length];
        for (var index = 0; index < length; index++)
        {
            var row = new Value[call.Count];
            for (var column = 0; column < row.Length; column++)
                row[column] = call.Items(column)[index];
            rows[index] = Value.Of(new ValueList(row));
        }

        return evaluation.Made(call.Position, rows);
    }

    static Value Chunks(ref Evaluation evaluation, Call call)
    {
        if (call[1].AsInt() < 1)
            throw evaluation.Fail(call.PositionOf(1), "chunks() needs a size of at least 1.");

        var items = call.Items(0);
        evaluation.Charge(call.Position, items.Length);
        var size = (int)Math.Min(call[1].AsInt(), Math.Max(1, items.Length));
        var chunks = new Value[(items.Length + size - 1) / size];
        for (var index = 0; index < chunks.Length; index++)
            chunks[index] = Value.Of(new ValueList(items[(index * size)..Math.Min(items.Length, (index + 1) * size)].ToArray()));
        return evaluation.Made(call.Position, chunks);
    }

    static Value Range(ref Evaluation evaluation, Call call)
    {
        var (start, end) = call.Has(1) ? (call[0].AsInt(), call[1].AsInt()) : (0, call[0].AsInt());
        var step = call.Has(2) ? call[2].AsInt() : 1;
        if (step == 0)
            throw evaluation.Fail(call.PositionOf(2), "range() needs a step that is not 0.");

        var distance = step > 0 ? (Int128)end - start : (Int128)start - end;
        var count = Int128.Max(0, (distance + Int128.Abs(step) - 1) / Int128.Abs(step));
        evaluation.Charge(call.Position, (long)Int128.Min(count, long.MaxValue / 2));
        var items = new Value[(int)count];
        for (var index = 0; index < items.Length; index++)
            items[index] = Value.Of(start + (index * step));
        return evaluation.Made(call.Position, items);
    }
}
