using System.Text;
using System.Text.Json;

namespace Attune.Engine.Tests.Conditions;

public sealed class ConditionLimitTests
{
    const string Leaf = """{"field": "a", "operator": "equals", "value": 1}""";

    static readonly JsonDocumentOptions Deep = new() { MaxDepth = 1_000_000 };

    [Fact]
    public void Ten_thousand_conditions_are_taken_and_evaluated()
    {
        var condition = Given.Condition(JsonElement.Parse($"[{string.Join(',', Enumerable.Repeat(Leaf, 9_999))}]"));
        Assert.Null(condition.Evaluate(Given.Payload("{'a': 1}"), () => throw new InvalidOperationException(), Given.Now).Why);
    }

    [Fact]
    public void More_conditions_than_that_are_one_mistake()
        => Assert.Equal(
            [": There are more than 10000 conditions."],
            Given.Problems(JsonElement.Parse($$"""{"any": [{{string.Join(',', Enumerable.Repeat(Leaf, 10_000))}}]}""")));

    [Theory]
    [InlineData("\"event.payload.a > 1\"")]
    [InlineData("""{"field": "a", "operator": "matches", "value": "x"}""")]
    public void Expressions_and_patterns_have_a_limit_of_their_own(string costly)
    {
        Given.Condition(JsonElement.Parse($"[{string.Join(',', Enumerable.Repeat(costly, 1000))}]"));
        Assert.Equal(
            [": There are more than 1000 expressions and patterns."],
            Given.Problems(JsonElement.Parse($"[{string.Join(',', Enumerable.Repeat(costly, 1002))}]")));
    }

    [Fact]
    public void A_tree_as_deep_as_allowed_is_evaluated_and_explained()
    {
        var condition = Given.Condition(Nested("""{"not": """, Leaf, "}", 100));
        Assert.Null(condition.Evaluate(Given.Payload("{'a': 1}"), () => throw new InvalidOperationException(), Given.Now).Why);
        var why = condition.Evaluate(Given.Payload("{'a': 2}"), () => throw new InvalidOperationException(), Given.Now).Why!;
        Assert.StartsWith("not (not (", why, StringComparison.Ordinal);
        Assert.InRange(why.Length, 100, 501);
    }

    [Theory]
    [InlineData("""{"not": """, "}", 101)]
    [InlineData("""{"all": [""", "]}", 101)]
    [InlineData("""{"any": [{"all": [""", "]}]}", 51)]
    [InlineData("[", "]", 101)]
    [InlineData("[", "]", 5_000)]
    [InlineData("""{"not": """, "}", 5_000)]
    public void A_deeper_tree_is_one_mistake(string open, string close, int depth)
    {
        var problem = Assert.Single(Given.Problems(Nested(open, Leaf, close, depth)));
        Assert.EndsWith("is nested deeper than 100 levels.", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_literal_that_is_too_deep_is_a_mistake()
    {
        var condition = Nested("""{"field": "a", "operator": "equals", "value": """, $"{new string('[', 5_000)}1{new string(']', 5_000)}", "}", 1);
        Assert.StartsWith("value: cannot be read", Assert.Single(Given.Problems(condition)), StringComparison.Ordinal);
    }

    [Fact]
    public void Mistakes_have_a_limit_and_the_last_says_so()
    {
        var problems = Given.Problems(JsonElement.Parse($"[{string.Join(',', Enumerable.Repeat("1", 9_000))}]"));
        Assert.Equal(100, problems.Count);
        Assert.Equal(": There are further mistakes, which are not listed.", problems[^1]);
    }

    // A megabyte of each kind; what is refused is refused by a limit and not by patience.
    [Theory]
    [InlineData("unknown names")]
    [InlineData("one long name")]
    [InlineData("one long expression")]
    [InlineData("one long field")]
    [InlineData("one long pattern")]
    [InlineData("one long operator")]
    public void A_megabyte_of_nonsense_is_refused(string kind)
    {
        var text = new string('a', 1 << 20);
        var json = kind switch
        {
            "unknown names" => $"{{{string.Join(',', Enumerable.Range(0, 100_000).Select(number => $"\"n{number}\": 1"))}}}",
            "one long name" => $$"""{"{{text}}": 1}""",
            "one long expression" => $"\"{text}\"",
            "one long field" => $$"""{"field": "{{text}}", "operator": "exists"}""",
            "one long pattern" => $$"""{"field": "a", "operator": "matches", "value": "{{text}}"}""",
            _ => $$"""{"field": "a", "operator": "{{text}}"}""",
        };
        var problems = Given.Problems(JsonElement.Parse(json));
        Assert.InRange(problems.Count, 1, 100);
        Assert.All(problems, problem => Assert.InRange(problem.Length, 1, 600));
    }

    [Fact]
    public void A_megabyte_of_literals_is_taken()
    {
        var values = string.Join(',', Enumerable.Range(0, 100_000).Select(number => $"\"v{number}\""));
        var condition = Given.Condition(JsonElement.Parse($$"""{"field": "a", "operator": "in", "value": [{{values}}]}"""));
        Assert.Null(condition.Evaluate(Given.Payload("{'a': 'v99999'}"), () => throw new InvalidOperationException(), Given.Now).Why);
        Assert.Equal(100_000, Assert.Single(condition.Requirements).Accepted.Count);
    }

    [Fact]
    public void An_explanation_of_a_wide_and_deep_tree_stays_short()
    {
        var tree = Leaf;
        for (var level = 0; level < 8; level++)
            tree = $$"""{"any": [{{tree}}, {{tree}}, {{tree}}]}""";
        var condition = Given.Condition(JsonElement.Parse(tree, Deep));
        var why = condition.Evaluate(Given.Payload("{'a': 2}"), () => throw new InvalidOperationException(), Given.Now).Why!;
        Assert.InRange(why.Length, 400, 501);
    }

    static JsonElement Nested(string open, string inner, string close, int depth)
    {
        var text = new StringBuilder();
        for (var level = 0; level < depth; level++)
            text.Append(open);
        text.Append(inner);
        for (var level = 0; level < depth; level++)
            text.Append(close);
        return JsonElement.Parse(text.ToString(), Deep);
    }
}
