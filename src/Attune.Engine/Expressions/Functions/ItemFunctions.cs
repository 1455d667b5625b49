using static Attune.Engine.Expressions.Functions.Parameter;

namespace Attune.Engine.Expressions.Functions;

/// <summary>What looks at each item by `item => …` or by the name of a member.</summary>
static class ItemFunctions
{
    public static IReadOnlyList<Function> All { get; } =
    [
        new("map", [List("list"), Pick("pick")], "What is picked of each item.", Map)
            { Examples = [("map([{a: 1}, {a: 2}], 'a')", "[1,2]"), ("map([1, 2], n => n * 10)", "[10,20]")] },
        new("filter", [List("list"), Pick("pick")], "The items of which true is picked.", Filter)
            {
                Examples =
                [
                    ("filter([1, 2, 3], n => n > 1)", "[2,3]"),
                    ("filter([{id: 1, up: true}, {id: 2, up: false}], 'up')", "[{\"id\":1,\"up\":true}]"),
                ],
            },
        new("count", [List("list"), Pick("pick")], "How many items there are of which true is picked.", Count)
            { Examples = [("count([1, 2, 3], n => n > 1)", "2")] },
        new("sort", [List("list"), Pick("pick").Optional()],
            "In ascending order of the items, or of what is picked of them: all numbers or all strings. Equal ones keep "
            + "their order.",
            Sort)
            {
                Examples =
                [
                    ("sort([3, 1, 2])", "[1,2,3]"),
                    ("sort([{n: 2}, {n: 1}], 'n')", "[{\"n\":1},{\"n\":2}]"),
                    ("sort(['b', 'a'], s => s) | reversed", "[\"b\",\"a\"]"),
                ],
            },
        new("unique", [List("list"), Pick("pick").Optional()],
            "The first of those that are equal, or of which equal values are picked.",
            Unique)
            { Examples = [("unique([1, 2, 1.0])", "[1,2]"), ("unique(['a', 'A'], s => lower(s))", "[\"a\"]")] },
    ];

    static Value Map(ref Evaluation evaluation, Call call)
    {
        var items = call.Items(0);
        var picked = new Value[items.Length];
        for (var index = 0; index < picked.Length; index++)
            picked[index] = call.Pick(ref evaluation, 1, items[index]);
        return evaluation.Made(call.Position, picked);
    }

    static Value Filter(ref Evaluation evaluation, Call call)
    {
        var kept = new List<Value>();
        foreach (var item in call.Items(0))
        {
            if (call.Decide(ref evaluation, 1, item))
                kept.Add(item);
        }

        return evaluation.Made(call.Position, [.. kept]);
    }

    static Value Count(ref Evaluation evaluation, Call call)
    {
        var count = 0L;
        foreach (var item in call.Items(0))
            count += call.Decide(ref evaluation, 1, item) ? 1 : 0;
        return Value.Of(count);
    }

    static Value Sort(ref Evaluation evaluation, Call call)
    {
        var items = call.Items(0).ToArray();
        var keys = Keys(ref evaluation, call, items);
        var weight = 0L;
        foreach (var key in keys)
        {
            weight += key.Weight;
            if (Nodes.ComparisonNode.Order(keys[0], key) is null)
            {
                throw evaluation.Fail(
                    call.Position,
                    $"sort() takes all numbers or all strings, not {KindNames.Of(keys[0].Kind)} and {KindNames.Of(key.Kind)}.");
            }
        }

        // Each is compared with about as many others as the length has bits.
        evaluation.Work(call.Position, weight * (1 + long.Log2(items.Length + 1)));
        var order = Enumerable.Range(0, items.Length).ToArray();
        Array.Sort(order, (left, right) => Nodes.ComparisonNode.Order(keys[left], keys[right])!.Value is not 0 and var sign ? sign : left - right);
        return evaluation.Made(call.Position, Array.ConvertAll(order, place => items[place]));
    }

    static Value Unique(ref Evaluation evaluation, Call call)
    {
        var items = call.Items(0).ToArray();
        var keys = Keys(ref evaluation, call, items);
        var seen = new HashSet<Value>();
        var kept = new List<Value>();
        for (var index = 0; index < items.Length; index++)
        {
            evaluation.Work(call.Position, keys[index].Weight + 1);
            if (seen.Add(keys[index]))
                kept.Add(items[index]);
        }

        return evaluation.Made(call.Position, [.. kept]);
    }

    static Value[] Keys(ref Evaluation evaluation, Call call, Value[] items)
    {
        evaluation.Work(call.Position, items.Length);
        if (!call.Has(1))
            return items;

        var keys = new Value[items.Length];
        for (var index = 0; index < keys.Length; index++)
            keys[index] = call.Pick(ref evaluation, 1, items[index]);
        return keys;
    }
}
