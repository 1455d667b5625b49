using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Attune.Engine.Conditions;
using Attune.Engine.Expressions;
using Attune.Engine.Matching;
using Attune.Engine.Tests.Conditions;

namespace Attune.Engine.Tests.Matching;

/// <summary>Regular expressions at the sizes where their engine is at its limits.</summary>
public sealed class SureMatchingTests
{
    // Every text of a and b leads its automaton into another state, so it grows beyond its limit.
    const string Growing = "a[ab]{20}[^ab]";

    // Each state is dear to make: seconds for as many as this text asks for.
    const string Dear = "(?:[ab]?){4000}a[^ab]";

    const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    static readonly string Random = RandomText(24_000);
    static readonly string Long = Random + "a" + RandomText(20) + "x";

    [Theory]
    [InlineData(0)]
    [InlineData(500)]
    [InlineData(979)]
    [InlineData(1_500)]
    [InlineData(24_000)]
    public void A_match_is_found_though_the_automaton_has_grown_too_large(int before)
    {
        var pattern = new Regex(Growing, Linear, TimeSpan.FromSeconds(30));
        Assert.False(pattern.IsSureMatch(Random));

        var text = Long[(Random.Length - before)..];
        Assert.True(pattern.IsSureMatch(text));
        Assert.Equal(before, pattern.SureMatch(text, 0).Index);
        Assert.False(pattern.SureMatch(text, before + 1).Success);
    }

    [Fact]
    public void Conditions_expressions_and_schemas_find_it()
    {
        var payload = $$"""{"text": "{{Long}}"}""";
        Assert.Equal(ConditionVerdict.Matched, Given.Outcome(Matches(Growing), payload).Verdict);
        Assert.Equal(ConditionVerdict.Unmatched, Given.Outcome($$"""{"not": {{Matches(Growing)}} }""", payload).Verdict);

        Assert.Equal(Value.Of(true), Evaluate($"match(text, '{Growing}')"));
        Assert.Equal(Value.Of(22), Evaluate($"length(regex_find(text, '{Growing}')[0])"));
        Assert.Equal(Value.Of(Random.Length + 1), Evaluate($"length(regex_replace(text, '{Growing}', '!'))"));

        var schema = Given.Schema($$"""{"text": {"type": "string", "pattern": "{{Growing}}"} }""");
        Assert.Empty(schema.Validate(Encoding.UTF8.GetBytes(payload)).Problems);
    }

    [Fact]
    public void A_pattern_whose_automaton_is_dear_to_make_is_stopped_in_time()
    {
        Assert.Throws<RegexMatchTimeoutException>(() => new Regex(Dear, Linear, TimeSpan.FromMilliseconds(50)).IsSureMatch(Random));

        var outcome = Given.Outcome(Matches(Dear), $$"""{"text": "{{Random}}"}""");
        Assert.Equal(ConditionVerdict.Failed, outcome.Verdict);
        Assert.EndsWith($"a pattern took longer than {FieldTest.Pattern.LinearTimeout.TotalMilliseconds} ms; simplify it", outcome.Why, StringComparison.Ordinal);
        var problem = Assert.Throws<ExpressionException>(() => Evaluate($"match(text, '{Dear}')"));
        Assert.Contains("takes too long", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_backtracking_runs_away_in_a_long_text_only_a_match_counts()
    {
        var text = new string('a', 5_000) + "!";
        Assert.Equal(ConditionVerdict.Matched, Given.Outcome(Matches("^(a+)+$|!"), $$"""{"text": "{{text}}"}""").Verdict);
        Assert.Equal(ConditionVerdict.Failed, Given.Outcome(Matches("^(a+)+$"), $$"""{"text": "{{text}}"}""").Verdict);
        Assert.Equal(ConditionVerdict.Unmatched, Given.Outcome(Matches("^(a+)+$"), $$"""{"text": "{{text[^1_000..]}}"}""").Verdict);
    }

    static string Matches(string pattern) => $$"""{"field": "text", "operator": "matches", "value": "{{pattern}}"}""";

    static Value Evaluate(string text)
        => Expression.Parse(text).Evaluate(
            new(new Dictionary<string, Value> { ["text"] = Value.FromJson(JsonSerializer.SerializeToElement(Long)) }, DateTimeOffset.UnixEpoch),
            ExpressionLimits.Default);

    static string RandomText(int length)
    {
        var random = new Random(length);
        return string.Create(length, random, (text, each) =>
        {
            for (var index = 0; index < text.Length; index++)
                text[index] = each.Next(2) == 0 ? 'a' : 'b';
        });
    }
}
