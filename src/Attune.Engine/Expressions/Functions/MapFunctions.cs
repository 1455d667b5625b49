using static Attune.Engine.Expressions.Functions.Parameter;

namespace Attune.Engine.Expressions.Functions;

static class MapFunctions
{
    public static IReadOnlyList<Function> All { get; } =
    [
        new("keys", [Map("map")],
            "Its names, in their order.",
            Keys)
            { Examples = [("keys({b: 1, a: 2})", "[\"b\",\"a\"]")] },
        new("values", [Map("map")],
            "The values of its members, in their order.",
            Values)
            { Examples = [("values({b: 1, a: 2})", "[1,2]")] },
        new("items", [Map("map")], "Its members as maps of key and value, in their order.", Items)
            {
                Examples =
                [
                    ("items({a: 1})", "[{\"key\":\"a\",\"value\":1}]"),
                    ("map(items({a: 1, b: 2}), m => m.key ~ '=' ~ m.value)", "[\"a=1\",\"b=2\"]"),
                ],
            },
        new("merge", [Map("maps") with { IsRest = true }],
            "One map of all; of members with the same name the last counts.",
            Merge)
            { Examples = [("merge({a: 1, b: 1}, {b: 2})", "{\"a\":1,\"b\":2}")] },
    ];

    static Value Keys(ref Evaluation evaluation, Call call)
    {
        var members = call[0].Members.Span;
        evaluation.Work(call.Position, members.Length);
        var names = new Value[members.Length];
        for (var index = 0; index < names.Length; index++)
            names[index] = Value.Of(members[index].Key);
        return evaluation.Made(call.Position, names);
    }

    static Value Values(ref Evaluation evaluation, Call call)
    {
        var members = call[0].Members.Span;
        evaluation.Work(call.Position, members.Length);
        var values = new Value[members.Length];
        for (var index = 0; index < values.Length; index++)
            values[index] = members[index].Value;
        return evaluation.Made(call.Position, values);
    }

    static Value Items(ref Evaluation evaluation, Call call)
    {
        var members = call[0].Members.Span;
        var items = new Value[members.Length];
        for (var index = 0; index < items.Length; index++)
        {
            evaluation.Step(call.Position);
            var (key, value) = members[index];
            List<KeyValuePair<string, Value>> item = [new("key", Value.Of(key)), new("value", value)];
            items[index] = evaluation.Made(call.Position, item);
        }

        return evaluation.Made(call.Position, items);
    }

    static Value Merge(ref Evaluation evaluation, Call call)
    {
        var members = new List<KeyValuePair<string, Value>>();
        foreach (var map in call.Arguments)
        {
            evaluation.Charge(call.Position, map.Members.Count);
            evaluation.Work(call.Position, map.Members.Count);
            members.AddRange(map.Members.Span);
        }

        return evaluation.Made(call.Position, members);
    }
}
