using Attune.Engine.Conditions;

namespace Attune.Engine.Tests.Conditions;

public sealed class ConditionTests
{
    const string Alert = """
        {'severity': 'high', 'count': 5, 'ratio': 0.5, 'open': true, 'note': null, 'tags': ['db', 'eu', 3], 'host': {'name': 'web-1', 'ip': null},
         'disks': [{'used': 91}, {'used': 12}], 'seen': '2027-03-01T11:50:00Z', 'at': 1803901800, 'a.b': 1, 'headers': {'x-github-event': 'push'}}
        """;

    [Theory]
    [InlineData("severity", "equals", "'high'", true)]
    [InlineData("severity", "equals", "'High'", false)]
    [InlineData("count", "equals", "5", true)]
    [InlineData("count", "equals", "5.0", true)]
    [InlineData("count", "equals", "'5'", false)]
    [InlineData("open", "equals", "true", true)]
    [InlineData("open", "equals", "1", false)]
    [InlineData("note", "equals", "null", true)]
    [InlineData("host", "equals", "{'ip': null, 'name': 'web-1'}", true)]
    [InlineData("tags", "equals", "['db', 'eu', 3.0]", true)]
    [InlineData("tags", "equals", "['eu', 'db', 3]", false)]
    [InlineData("severity", "not_equals", "'low'", true)]
    [InlineData("severity", "not_equals", "'high'", false)]
    [InlineData("count", "greater_than", "4", true)]
    [InlineData("count", "greater_than", "5", false)]
    [InlineData("count", "greater_than_or_equal", "5", true)]
    [InlineData("count", "less_than", "5.5", true)]
    [InlineData("count", "less_than", "5", false)]
    [InlineData("count", "less_than_or_equal", "5", true)]
    [InlineData("count", "less_than_or_equal", "4", false)]
    [InlineData("count", "greater_than", "'4'", false)]
    [InlineData("severity", "greater_than", "'critical'", true)]
    [InlineData("severity", "less_than", "'Z'", false)]
    [InlineData("open", "less_than", "5", false)]
    [InlineData("severity", "contains", "'ig'", true)]
    [InlineData("severity", "contains", "'IG'", false)]
    [InlineData("tags", "contains", "'db'", true)]
    [InlineData("tags", "contains", "3", true)]
    [InlineData("tags", "contains", "'d'", false)]
    [InlineData("host", "contains", "'name'", true)]
    [InlineData("host", "contains", "'web-1'", false)]
    [InlineData("count", "contains", "5", false)]
    [InlineData("tags", "not_contains", "'us'", true)]
    [InlineData("tags", "not_contains", "'db'", false)]
    [InlineData("severity", "in", "['low', 'high']", true)]
    [InlineData("count", "in", "['5', 6]", false)]
    [InlineData("severity", "not_in", "['low']", true)]
    [InlineData("severity", "not_in", "['low', 'high']", false)]
    [InlineData("host.name", "starts_with", "'web'", true)]
    [InlineData("host.name", "starts_with", "'eb'", false)]
    [InlineData("host.name", "ends_with", "'-1'", true)]
    [InlineData("count", "ends_with", "'5'", false)]
    [InlineData("host.name", "matches", "'b-[0-9]$'", true)]
    [InlineData("host.name", "matches", "'^WEB'", false)]
    [InlineData("host.name", "matches", "'(?i)^WEB'", true)]
    [InlineData("host.name", "matches", "'^(?=web).*1'", true)]
    [InlineData("count", "matches", "'5'", false)]
    [InlineData("seen", "within_last", "'10m'", true)]
    [InlineData("seen", "within_last", "'9m59s'", false)]
    [InlineData("at", "within_last", "'1h'", true)]
    [InlineData("at", "within_last", "'5m'", false)]
    [InlineData("severity", "within_last", "'7d'", false)]
    [InlineData("disks[0].used", "greater_than", "90", true)]
    [InlineData("disks[1].used", "greater_than", "90", false)]
    [InlineData("['a.b']", "equals", "1", true)]
    [InlineData("headers.x-github-event", "equals", "'push'", true)]
    [InlineData("headers['x-github-event']", "equals", "'push'", true)]
    public void An_operator_asks_what_its_name_says(string field, string name, string value, bool expected)
    {
        var condition = $$"""{'field': '{{field.Replace("'", "\\'")}}', 'operator': '{{name}}', 'value': {{value}}}""";
        Assert.Equal(expected ? "matched" : "unmatched", Given.Verdict(condition, Alert));
    }

    [Theory]
    [InlineData("equals", "null", false)]
    [InlineData("not_equals", "1", true)]
    [InlineData("greater_than", "0", false)]
    [InlineData("less_than", "0", false)]
    [InlineData("contains", "''", false)]
    [InlineData("not_contains", "'a'", true)]
    [InlineData("in", "[null, 1]", false)]
    [InlineData("not_in", "[1]", true)]
    [InlineData("starts_with", "''", false)]
    [InlineData("matches", "''", false)]
    [InlineData("within_last", "'1d'", false)]
    public void A_missing_field_fits_no_operator_and_so_every_opposite(string name, string value, bool expected)
    {
        foreach (var field in new[] { "nothing", "host.nothing", "severity.nothing", "tags[3]", "disks[0].used[0]", "severity[0]" })
        {
            var condition = $$"""{'field': '{{field}}', 'operator': '{{name}}', 'value': {{value}}}""";
            Assert.Equal(expected ? "matched" : "unmatched", Given.Verdict(condition, Alert));
        }
    }

    [Theory]
    [InlineData("severity", true)]
    [InlineData("host.name", true)]
    [InlineData("tags[2]", true)]
    [InlineData("note", false)]
    [InlineData("host.ip", false)]
    [InlineData("nothing", false)]
    [InlineData("tags[3]", false)]
    public void Null_does_not_exist(string field, bool exists)
    {
        Assert.Equal(exists ? "matched" : "unmatched", Given.Verdict($$"""{'field': '{{field}}', 'operator': 'exists'}""", Alert));
        Assert.Equal(exists ? "unmatched" : "matched", Given.Verdict($$"""{'field': '{{field}}', 'operator': 'not_exists'}""", Alert));
    }

    [Theory]
    [InlineData("'2027-03-01T12:00:59Z'", true)]
    [InlineData("'2027-03-01T12:01:01Z'", false)]
    [InlineData("'2027-03-01T11:45:00Z'", true)]
    [InlineData("'2027-03-01T11:44:59.999Z'", false)]
    [InlineData("'2027-03-01T13:50:00+02:00'", true)]
    [InlineData("'2027-03-01'", false)]
    [InlineData("'yesterday'", false)]
    [InlineData("1803902100.5", true)]
    [InlineData("-1", false)]
    [InlineData("1e300", false)]
    [InlineData("true", false)]
    public void A_time_is_recent_within_its_length_and_a_minute_ahead(string seen, bool expected)
        => Assert.Equal(
            expected ? "matched" : "unmatched",
            Given.Verdict("{'field': 'seen', 'operator': 'within_last', 'value': '15m'}", $$"""{'seen': {{seen}}}"""));

    // T matches, F does not, X cannot be decided.
    [Theory]
    [InlineData("[]", "matched")]
    [InlineData("null", "matched")]
    [InlineData("{}", "matched")]
    [InlineData("{'all': []}", "matched")]
    [InlineData("[T, T]", "matched")]
    [InlineData("[T, F]", "unmatched")]
    [InlineData("[T, X]", "failed")]
    [InlineData("[X, F]", "unmatched")]
    [InlineData("[F, X]", "unmatched")]
    [InlineData("{'any': [F, T]}", "matched")]
    [InlineData("{'any': [F, F]}", "unmatched")]
    [InlineData("{'any': [X, T]}", "matched")]
    [InlineData("{'any': [F, X]}", "failed")]
    [InlineData("{'not': F}", "matched")]
    [InlineData("{'not': T}", "unmatched")]
    [InlineData("{'not': X}", "failed")]
    [InlineData("{'not': [T, F]}", "matched")]
    [InlineData("{'not': [T, T]}", "unmatched")]
    [InlineData("{'all': [T], 'any': [F, T], 'not': F}", "matched")]
    [InlineData("{'all': [T], 'any': [F, T], 'not': T}", "unmatched")]
    [InlineData("{'all': [T], 'any': [F]}", "unmatched")]
    [InlineData("{'any': [{'all': [T, {'not': F}]}, F]}", "matched")]
    [InlineData("T", "matched")]
    [InlineData("F", "unmatched")]
    public void Parts_are_combined_and_one_that_cannot_be_decided_counts_only_where_it_matters(string condition, string expected)
        => Assert.Equal(expected, Given.Verdict(
            condition
                .Replace("T", "{'field': 'count', 'operator': 'equals', 'value': 5}")
                .Replace("F", "{'field': 'count', 'operator': 'equals', 'value': 6}")
                .Replace("X", "'event.payload.nothing > 1'"),
            Alert));

    [Theory]
    [InlineData("'event.payload.count > 4'", "matched")]
    [InlineData("'{{ event.payload.count > 4 and event.payload.open }}'", "matched")]
    [InlineData("['event.payload.count > pack.config.limit']", "unmatched")]
    [InlineData("'  event.trigger == rule.pack ~ \\'.alert\\' '", "matched")]
    [InlineData("'event.payload.nothing'", "failed")]
    [InlineData("'event.payload.count'", "failed")]
    [InlineData("'event.payload.severity > 1'", "failed")]
    public void An_expression_decides_by_true_or_false(string condition, string expected)
        => Assert.Equal(expected, Given.Verdict(condition, Alert));

    [Theory]
    [InlineData("[{'field': 'count', 'operator': 'equals', 'value': 5}, {'field': 'severity', 'operator': 'equals', 'value': 'low'}]",
        "severity equals 'low': it is 'high'")]
    [InlineData("['event.payload.count > 1', 'event.payload.count > 7', {'field': 'count', 'operator': 'less_than', 'value': 1}]",
        "event.payload.count > 7: it is false where event.payload.count is 5")]
    [InlineData("{'field': 'disks[7].used', 'operator': 'greater_than', 'value': 90}", "disks[7].used greater_than 90: it is missing")]
    [InlineData("{'field': 'note', 'operator': 'exists'}", "note exists: it is null")]
    [InlineData("{'not': {'field': 'count', 'operator': 'in', 'value': [5, 6]}}", "not (count in [5, 6]): it matches")]
    [InlineData("{'not': [{'field': 'count', 'operator': 'exists'}, 'event.payload.open']}", "not (all of 2 conditions): it matches")]
    [InlineData("{'any': [{'field': 'count', 'operator': 'equals', 'value': 1}, {'field': 'open', 'operator': 'equals', 'value': false}]}",
        "count equals 1: it is 5; open equals false: it is true")]
    [InlineData("{'any': ['event.payload.count < 1', 'event.payload.count < 2', 'event.payload.count < 3', 'event.payload.count < 4', 'event.payload.count < 5']}",
        "event.payload.count < 1: it is false where event.payload.count is 5; event.payload.count < 2: it is false where event.payload.count is 5; event.payload.count < 3: it is false where event.payload.count is 5; and 2 more")]
    [InlineData("['event.payload.count']", "event.payload.count: it gives an int, not true or false")]
    public void Why_names_the_first_part_that_does_not_match_and_what_it_saw(string condition, string expected)
        => Assert.Equal(expected.Replace('\'', '"'), Given.Why(condition, Alert));

    [Theory]
    [InlineData("['event.payload.nothing > 1', 'event.payload.none > 1', 'event.payload.open']", "event.payload.nothing > 1: ")]
    [InlineData("{'any': ['event.payload.count < 1', 'event.payload.nothing > 1', 'event.payload.none > 1']}", "event.payload.nothing > 1: ")]
    public void Why_it_cannot_be_decided_is_the_first_part_that_could_not_be(string condition, string expected)
    {
        var why = Given.Why(condition, Alert)!;
        Assert.StartsWith(expected, why, StringComparison.Ordinal);
        Assert.Contains("nothing", why[expected.Length..], StringComparison.Ordinal);
        Assert.DoesNotContain("none", why, StringComparison.Ordinal);
        Assert.DoesNotContain("; ", why, StringComparison.Ordinal);
    }

    [Fact]
    public void What_matches_has_no_why() => Assert.Equal(new(ConditionVerdict.Matched, null), Given.Outcome("['event.payload.open']", Alert));

    [Fact]
    public void Long_values_are_cut()
    {
        var why = Given.Why("{'field': 'text', 'operator': 'equals', 'value': 'x'}", $$"""{'text': '{{new string('a', 100_000)}}'}""")!;
        Assert.StartsWith("text equals \"x\": it is \"aaaa", why, StringComparison.Ordinal);
        Assert.InRange(why.Length, 80, 120);
    }

    [Fact]
    public void A_pattern_that_takes_too_long_is_not_decided()
    {
        var outcome = Given.Outcome(
            "{'field': 'text', 'operator': 'matches', 'value': '^(?=a)(a+)+$'}", $$"""{'text': '{{new string('a', 60)}}!'}""");
        Assert.Equal(ConditionVerdict.Failed, outcome.Verdict);
        Assert.Contains("a pattern took longer than 250 ms", outcome.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_slow_patterns_together_are_given_up_on()
    {
        const string slow = "{'field': 'text', 'operator': 'matches', 'value': '^(?=a)(a+)+$'}";
        var outcome = Given.Outcome($"[{string.Join(',', Enumerable.Repeat(slow, 1000))}]", $$"""{'text': '{{new string('a', 60)}}!'}""");
        Assert.Equal(ConditionVerdict.Failed, outcome.Verdict);
    }

    [Theory]
    [InlineData("[]", true, false)]
    [InlineData("{'any': ['event.payload.a']}", false, true)]
    [InlineData("{'all': ['event.payload.a']}", false, false)]
    [InlineData("{'any': ['event.payload.a'], 'all': ['event.payload.a']}", false, false)]
    [InlineData("'event.payload.a'", false, false)]
    public void What_stands_at_the_top_is_known(string text, bool isEmpty, bool isAny)
    {
        var condition = Given.Condition(text);
        Assert.Equal((isEmpty, isAny), (condition.IsEmpty, condition.IsAny));
    }

    [Fact]
    public void The_scope_is_made_only_where_an_expression_is_met_and_then_once()
    {
        var made = 0;
        var payload = Given.Payload(Alert);
        var noExpression = Given.Condition("[{'field': 'count', 'operator': 'equals', 'value': 5}]");
        noExpression.Evaluate(payload, () => throw new InvalidOperationException("nobody needs it"), Given.Now);

        Given.Condition("['event.payload.open', 'event.payload.count > 1', 'event.payload.count > 2']").Evaluate(payload, Scope, Given.Now);
        Assert.Equal(1, made);

        Engine.Expressions.Scope Scope()
        {
            made++;
            return Given.Scope(payload);
        }
    }
}
