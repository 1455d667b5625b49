using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Engine.Conditions;

namespace Attune.Engine.Tests.Conditions;

public sealed class RuleIndexTests
{
    [Theory]
    [InlineData("{'field': 'a', 'operator': 'equals', 'value': 1}", "a: 1")]
    [InlineData("[{'field': 'a', 'operator': 'in', 'value': [1, 2]}, {'field': 'b.c', 'operator': 'equals', 'value': null}]", "a: 1 2 | b.c: null")]
    [InlineData("{'any': [{'field': 'a', 'operator': 'equals', 'value': 1}, {'field': 'a', 'operator': 'in', 'value': [2, 3]}]}", "a: 1 2 3")]
    [InlineData("{'any': [[{'field': 'a', 'operator': 'equals', 'value': 1}, {'field': 'b', 'operator': 'exists'}], {'field': 'a', 'operator': 'equals', 'value': 2}]}", "a: 1 2")]
    [InlineData("{'any': [{'field': 'a', 'operator': 'equals', 'value': 1}, {'field': 'b', 'operator': 'equals', 'value': 1}]}", "")]
    [InlineData("{'not': {'field': 'a', 'operator': 'equals', 'value': 1}}", "")]
    [InlineData("{'field': 'a', 'operator': 'not_equals', 'value': 1}", "")]
    [InlineData("{'field': 'a', 'operator': 'not_in', 'value': [1]}", "")]
    [InlineData("[{'field': 'a', 'operator': 'in', 'value': [1, 2]}, {'all': [{'field': 'a', 'operator': 'equals', 'value': 3}]}]", "a: 3")]
    [InlineData("['event.payload.a == 1']", "")]
    [InlineData("[]", "")]
    public void A_literal_equality_that_must_hold_is_known(string condition, string expected)
        => Assert.Equal(expected, string.Join(" | ", Given.Condition(condition).Requirements
            .Select(requirement => $"{requirement.Path}: {string.Join(' ', requirement.Accepted.Select(value => value.Show(20)))}")));

    [Fact]
    public void Rules_answer_in_their_order_wherever_they_are_found()
    {
        var index = Index(
            "{'field': 'a', 'operator': 'in', 'value': [1, 2]}",
            "[]",
            "{'field': 'b', 'operator': 'equals', 'value': 'x'}",
            "'event.payload.nothing'",
            "{'field': 'a', 'operator': 'equals', 'value': 7}",
            "{'field': 'a', 'operator': 'equals', 'value': 2.0}",
            "{'field': 'c', 'operator': 'exists'}");
        var payload = Given.Payload("{'a': 2, 'b': 'x'}");

        var matches = index.Match(payload, () => Given.Scope(payload), Given.Now, unmatchedMax: 1);

        Assert.Equal([0, 1, 2, 5], matches.Matched);
        Assert.Equal([3], matches.Failed.Select(failed => failed.Rule));
        Assert.Equal([(4, "a equals 7: it is 2")], matches.Unmatched);
        Assert.Equal(2, matches.UnmatchedCount);
    }

    [Fact]
    public void Each_rule_is_met_with_its_own_names()
    {
        var index = Index("'pack.config.limit > 50'", "'pack.config.limit > 50'", "{'field': 'a', 'operator': 'equals', 'value': 1}");
        var payload = Given.Payload("{'a': 1}");
        var asked = new List<int>();

        var matches = index.Match(payload, rule => Scope(rule), Given.Now, unmatchedMax: 10);

        Assert.Equal([1, 2], matches.Matched);
        Assert.Equal([0], matches.Unmatched.Select(unmatched => unmatched.Rule));
        Assert.DoesNotContain(2, asked);

        Engine.Expressions.Scope Scope(int rule)
        {
            asked.Add(rule);
            var config = Given.Payload(rule == 0 ? "{'config': {'limit': 10}}" : "{'config': {'limit': 90}}");
            return new(new Dictionary<string, Engine.Expressions.Value> { ["pack"] = config }, Given.Now);
        }
    }

    [Fact]
    public void Rules_that_take_too_long_together_are_given_up_on_and_say_so()
    {
        var payload = Given.Payload("{'a': 1, 'b': 'x'}");
        const string costly = "'event.payload.a == 1'";
        const string pattern = "{'field': 'b', 'operator': 'matches', 'value': 'x'}";
        const string plain = "{'field': 'b', 'operator': 'starts_with', 'value': 'x'}";
        var index = Index(plain, costly, pattern, costly, pattern, $"[{costly}, {{'field': 'b', 'operator': 'starts_with', 'value': 'y'}}]", plain);

        var matches = index.Match(
            payload, () => Given.Scope(payload), Given.Now, unmatchedMax: 0, new(new SecondPerLook(), TimeSpan.FromSeconds(2)));

        Assert.Equal([0, 1, 2, 3, 6], matches.Matched);
        Assert.Equal(
            [(4, "b matches \"x\": it was not looked at, because the rules of this event took more than 2 s")], matches.Failed);
        Assert.Equal(1, matches.UnmatchedCount);
    }

    [Fact]
    public void Without_rules_nothing_matches()
    {
        var matches = Index().Match(Given.Payload("{}"), () => throw new InvalidOperationException(), Given.Now, unmatchedMax: 50);
        Assert.Empty(matches.Matched);
        Assert.Equal(0, matches.UnmatchedCount);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void The_answer_is_that_of_trying_each_rule(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 30; round++)
        {
            var conditions = Enumerable.Range(0, random.Next(1, 60)).Select(_ => RandomCondition(random, 0).ToJsonString()).ToList();
            var compiled = conditions.Select(text => Given.Condition(JsonElement.Parse(text))).ToList();
            var index = new RuleIndex<int>([.. compiled.Select((condition, rule) => (rule, condition))]);
            for (var time = 0; time < 10; time++)
            {
                var text = RandomPayload(random).ToJsonString();
                var payload = Engine.Expressions.Value.FromJson(JsonElement.Parse(text));
                var max = random.Next(0, 20);
                var each = compiled.Select((condition, rule) => (rule, condition.Evaluate(payload, () => Given.Scope(payload), Given.Now))).ToList();

                var matches = index.Match(payload, () => Given.Scope(payload), Given.Now, max);

                var where = $"seed {seed}, round {round}, payload {text}, rules {string.Join('\n', conditions)}";
                var unmatched = each.Where(rule => rule.Item2.Verdict is ConditionVerdict.Unmatched).ToList();
                Same(each.Where(rule => rule.Item2.Verdict is ConditionVerdict.Matched).Select(rule => rule.rule), matches.Matched, where);
                Same(
                    each.Where(rule => rule.Item2.Verdict is ConditionVerdict.Failed).Select(rule => (rule.rule, rule.Item2.Why!)),
                    matches.Failed,
                    where);
                Same(unmatched.Take(max).Select(rule => (rule.rule, rule.Item2.Why!)), matches.Unmatched, where);
                Assert.True(unmatched.Count == matches.UnmatchedCount, where);
                Assert.True(unmatched.TrueForAll(rule => rule.Item2.Why is not (null or "")), where);
            }
        }
    }

    static void Same<T>(IEnumerable<T> expected, IEnumerable<T> actual, string where) => Assert.True(expected.SequenceEqual(actual), where);

    static RuleIndex<int> Index(params string[] conditions)
        => new([.. conditions.Select((condition, rule) => (rule, Given.Condition(condition)))]);

    static JsonNode RandomCondition(Random random, int depth)
    {
        switch (depth > 3 ? random.Next(3, 9) : random.Next(9))
        {
            case 0:
                return new JsonObject { ["all"] = Parts() };
            case 1:
                return new JsonObject { ["any"] = Parts() };
            case 2:
                return new JsonObject { ["not"] = RandomCondition(random, depth + 1) };
            case 3:
                return JsonValue.Create($"event.payload.{"abcx"[random.Next(4)]} > {random.Next(4)}");
            case 4:
                var among = new JsonArray(Literal(), Literal());
                return new JsonObject { ["field"] = Name(), ["operator"] = random.Next(2) == 0 ? "in" : "not_in", ["value"] = among };
            case 5:
                return new JsonObject { ["field"] = Name(), ["operator"] = random.Next(2) == 0 ? "exists" : "not_exists" };
            default:
                return new JsonObject { ["field"] = Name(), ["operator"] = random.Next(4) == 0 ? "not_equals" : "equals", ["value"] = Literal() };
        }

        JsonArray Parts() => [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => RandomCondition(random, depth + 1))];

        string Name() => new[] { "a", "b", "c", "d.e", "l[0]" }[random.Next(5)];

        JsonNode? Literal() => RandomLiteral(random);
    }

    static JsonNode? RandomLiteral(Random random) => random.Next(8) switch
    {
        0 => null,
        1 => JsonValue.Create(1.0),
        2 => JsonValue.Create("1"),
        3 => JsonValue.Create(true),
        4 => new JsonArray(1, 2),
        var number => JsonValue.Create(number - 4),
    };

    static JsonObject RandomPayload(Random random)
    {
        var payload = new JsonObject();
        foreach (var name in "abc".Where(_ => random.Next(4) > 0))
            payload[name.ToString()] = RandomLiteral(random);
        if (random.Next(2) == 0)
            payload["d"] = new JsonObject { ["e"] = RandomLiteral(random) };
        if (random.Next(2) == 0)
            payload["l"] = new JsonArray(RandomLiteral(random));
        return payload;
    }

    /// <summary>A clock that a second passes on whenever somebody looks at it.</summary>
    sealed class SecondPerLook : TimeProvider
    {
        long seconds;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => seconds++;
    }
}
