using Attune.Engine.Expressions;

namespace Attune.Engine.Tests.Expressions;

public sealed class LimitTests
{
    [Theory]
    [InlineData("(", "1", ")")]
    [InlineData("[", "", "]")]
    [InlineData("{a:", "1", "}")]
    [InlineData("-", "1", "")]
    [InlineData("not ", "true", "")]
    [InlineData("1 if true else ", "1", "")]
    [InlineData("abs(", "1", ")")]
    [InlineData("map([], a => ", "1", ")")]
    [InlineData("1 + (", "1", ")")]
    [InlineData("", "1", " | abs")]
    [InlineData("", "event", ".y")]
    [InlineData("", "[]", "[0]")]
    [InlineData("", "1", " + 1")]
    [InlineData("", "1", " * 1 - 2")]
    public void A_deep_text_is_refused_and_ends_nothing_else(string before, string middle, string after)
    {
        Assert.All(
            [300, 20_000, 1 << 20],
            times =>
            {
                var text = string.Concat(Enumerable.Repeat(before, times)) + middle + string.Concat(Enumerable.Repeat(after, times));
                Assert.Matches("nested deeper|longer than", Assert.Throws<ExpressionException>(() => Expression.Parse(text)).Message);
            });
    }

    [Theory]
    [InlineData("(")]
    [InlineData("[")]
    [InlineData("{a:")]
    [InlineData("abs(")]
    public void What_is_only_opened_is_refused_as_well(string opening)
        => Assert.Throws<ExpressionException>(() => Expression.Parse(string.Concat(Enumerable.Repeat(opening, (1 << 20) / opening.Length))));

    [Fact]
    public void A_long_chain_of_alternatives_is_not_deep()
        => Assert.True(Bench.Evaluate(string.Join(" or ", Enumerable.Range(0, 2000).Select(number => $"event.payload.size == {number}"))).AsBool());

    [Theory]
    [InlineData("range(10000000000)")]
    [InlineData("range(-9223372036854775807, 9223372036854775807)")]
    [InlineData("range(0, 9223372036854775807, 3)")]
    [InlineData("join(range(300000), '----')")]
    [InlineData("replace(join(map(range(2000), i => 'xxxxxxxxxx'), ''), 'x', join(map(range(2000), i => 'yyyyyyyyyy'), ''))")]
    [InlineData("regex_replace(join(map(range(2000), i => 'xxxxxxxxxx'), ''), '.', join(map(range(2000), i => 'yyyyyyyyyy'), ''))")]
    [InlineData("regex_replace(join(map(range(2000), i => 'xxxxxxxxxx'), ''), '.*', '$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0')")]
    [InlineData("map(range(2000), i => range(2000))")]
    [InlineData("zip(range(200000), range(200000), range(200000))")]
    [InlineData("chunks(range(400000), 1)")]
    [InlineData("flat(map(range(1000), i => range(1000))) + range(400000)")]
    [InlineData("map([[0, 0]], a => map([[a, a]], b => map([[b, b]], c => map([[c, c]], d => map([[d, d]], e => map([[e, e]], f => map([[f, f]], g => map([[g, g]], h => map([[h, h]], i => map([[i, i]], j => map([[j, j]], k => map([[k, k]], l => map([[l, l]], m => map([[m, m]], n => map([[n, n]], o => map([[o, o]], p => map([[p, p]], q => map([[q, q]], r => map([[r, r]], s => map([[s, s]], t => [t, t]))))))))))))))))))))")]
    [InlineData("to_json(map(range(1000), i => range(1000)))")]
    public void What_would_make_too_much_is_stopped(string text)
        => Assert.Contains("makes more than", Bench.ProblemOf(text).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("count(range(1000), a => count(range(1000), b => true) > 0)")]
    [InlineData("map([join(range(100000), '-')], t => count(range(10000), i => 'x' in t))")]
    [InlineData("map([range(50000)], t => count(range(10000), i => t == t + []))")]
    [InlineData("map([range(50000)], t => count(range(10000), i => sort(t) == t))")]
    public void What_would_take_too_long_is_stopped(string text)
    {
        var message = Bench.ProblemOf(text).Message;
        Assert.True(message.Contains("steps", StringComparison.Ordinal) || message.Contains("makes more than", StringComparison.Ordinal), message);
    }

    [Theory]
    [InlineData("match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '(a+)+$')", "false")]
    [InlineData("match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '^(a|a)*$')", "false")]
    public void A_pattern_that_ruins_others_is_matched_without_backtracking(string text, string json)
        => Assert.Equal(json, Bench.Json(Bench.Evaluate(text)));

    [Theory]
    [InlineData("match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '(?=(a+)+$)b?')")]
    [InlineData("match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '^(?:(a+)\\\\1?)+$')")]
    [InlineData("regex_replace('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '(?=(a+)+$)b?' ~ '', 'x')")]
    public void A_pattern_that_needs_backtracking_is_stopped_in_time(string text)
        => Assert.Contains("takes too long", Bench.ProblemOf(text).Message, StringComparison.Ordinal);

    [Fact]
    public void A_made_pattern_may_be_wrong_only_when_it_is_used()
    {
        Assert.Equal(Value.Of(false), Bench.Evaluate("false and match('a', '(' ~ '(')"));
        Assert.Contains("is no regular expression", Bench.ProblemOf("match('a', '(' ~ '(')").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, 100, 100, "steps")]
    [InlineData(100, 2, 100, "deeper")]
    [InlineData(100, 100, 3, "characters and items")]
    public void Each_limit_is_obeyed(int steps, int depth, int size, string word)
    {
        const string Text = "[1, 2 + 3, upper('abc')]";
        Assert.Contains(
            word, Bench.ProblemOf(Text, new() { Steps = steps, Depth = depth, Size = size }).Message, StringComparison.Ordinal);
        Bench.Evaluate(Text, new() { Steps = 100, Depth = 100, Size = 100 });
    }

    [Fact]
    public void A_template_with_ever_so_many_mistakes_tells_the_first_hundred()
    {
        var problems = new List<TemplateProblem>();

        Assert.Null(Template.Parse(System.Text.Json.JsonSerializer.SerializeToElement(string.Concat(Enumerable.Repeat("{{ ( }}", 150_000))), problems));
        Assert.Equal(100, problems.Count);
    }
}
