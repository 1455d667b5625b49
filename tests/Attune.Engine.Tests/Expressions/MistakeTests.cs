using Attune.Engine.Expressions;

namespace Attune.Engine.Tests.Expressions;

public sealed class MistakeTests
{
    [Theory]
    [InlineData("", 0, "There is no expression here.")]
    [InlineData("1 +", 3, "The expression ends too early: a value is missing.")]
    [InlineData("1 2", 2, "Unexpected `2`. An operator is missing before it.")]
    [InlineData("a AND b", 2, "Unexpected `AND`. It is written `and`.")]
    [InlineData("a && b", 2, "`&` is written `and`.")]
    [InlineData("a || b", 2, "`||` is written `or`.")]
    [InlineData("!a", 0, "`!` is written `not`.")]
    [InlineData("a = 1", 2, "`=` changes nothing here: write `==` to compare.")]
    [InlineData("1 < 2 < 3", 6, "Comparisons do not chain: write `a < b and b < c`.")]
    [InlineData("1 + not true", 4, "`not` needs parentheses here: it binds weaker than the operator before it.")]
    [InlineData("'abc", 0, "The string has no ' at its end.")]
    [InlineData(@"'a\x'", 2, @"No such escape: there are \\ \' \"" \n \r \t \b \f and \u with four hexadecimal digits.")]
    [InlineData(@"'\ud800'", 0, "The string holds half a surrogate pair.")]
    [InlineData("12ab", 0, "This is no number, and no name begins with a digit.")]
    [InlineData("9223372036854775808", 0, "The int does not fit 64 bits; with `.0` behind it, it is a double.")]
    [InlineData("1e999", 0, "The number is too large for a double.")]
    [InlineData("(1", 2, "`)` is missing behind what the parenthesis began.")]
    [InlineData("[1, 2", 5, "`]` is missing behind the items of the list.")]
    [InlineData("[1, ]", 4, "Unexpected `]`.")]
    [InlineData("{a: 1, a: 2}", 7, "The map has 'a' twice.")]
    [InlineData("{1: 1}", 1, "A name belongs before the `:`, bare or in quotes, not `1`.")]
    [InlineData("{{ true }}", 0, "`{{` begins an expression only inside of a text: here it stands without `{{` and `}}`.")]
    [InlineData("1 if true", 9, "`a if condition` needs `else b` here, not the end.")]
    [InlineData("event.5", 6, "A name belongs behind the dot, not `5`; other names are written as ['…'].")]
    [InlineData("event.payload.trim()", 18, "Unexpected `(`. Only functions are called, by their bare name.")]
    [InlineData("uper('a')", 0, "There is no function 'uper'. Did you mean 'upper'?")]
    [InlineData("'a' | trimm", 6, "There is no function 'trimm'. Did you mean 'trim'?")]
    [InlineData("len('a')", 0, "There is no function 'len'. Write length().")]
    [InlineData("upper()", 0, "upper() cannot take no argument: it is upper(text).")]
    [InlineData("split('a', ',', 2, 3)", 0, "split() cannot take 4 arguments: it is split(text, separator?, parts?).")]
    [InlineData("upper(x => x)", 8, "upper() takes no `item => …` here: it is upper(text).")]
    [InlineData("x => x", 2, "Unexpected `=>`. `item => …` is only for arguments of functions such as map() and filter().")]
    [InlineData("match('a', '(')", 11, "The pattern is no regular expression: at its character 1: insufficient closing parentheses.")]
    [InlineData("a ? b : c", 2, "`?` is written `a if condition else b`.")]
    public void A_text_that_is_no_expression_is_refused_when_it_is_parsed(string text, int position, string message)
    {
        var problem = Assert.Throws<ExpressionException>(() => Expression.Parse(text)).Problem;

        Assert.Equal((message, position, text), (problem.Message, problem.Position, problem.Text));
    }

    [Theory]
    [InlineData("evnt.payload", 0, "'evnt' is not known here. Did you mean 'event'?")]
    [InlineData("now == 1", 0, "'now' is not known here. A function is called with parentheses: now().")]
    [InlineData("event.payload.hots", 14, "`event.payload` has no 'hots'. Did you mean 'host'?")]
    [InlineData("event.payload['hots'].name", 14, "`event.payload` has no 'hots'. Did you mean 'host'?")]
    [InlineData("event.payload.nothing.x", 22, "`event.payload.nothing` is null, so it has no 'x'.")]
    [InlineData("event.payload.size.x", 19, "`event.payload.size` is an int, so it has no 'x'.")]
    [InlineData("event.payload.tags.a", 19, "`event.payload.tags` is a list, so it has no 'a'.")]
    [InlineData("event.payload.tags[2]", 19, "`event.payload.tags` has 2 items, so there is no [2].")]
    [InlineData("'ab'[-3]", 4 + 1, "`'ab'` has 2 characters, so there is no [-3].")]
    [InlineData("event.payload.tags['a']", 19, "`event.payload.tags` is a list, so it has no 'a'.")]
    [InlineData("event.payload.files[0]['nam']", 23, "`event.payload.files[0]` has no 'nam'. Did you mean 'name'?")]
    [InlineData("event.payload[1]", 14, "A map is asked by a string, not by an int.")]
    [InlineData("1 + 'a'", 4, "`+` needs two numbers or two lists, not an int and a string. Texts are joined by `~`.")]
    [InlineData("1 * null", 4, "`*` needs two numbers, not an int and null.")]
    [InlineData("-'a'", 1, "`-` needs a number, not a string.")]
    [InlineData("1 // 0", 2, "`//` divides by zero.")]
    [InlineData("9223372036854775807 + 1", 20, "The result does not fit 64 bits.")]
    [InlineData("-(-9223372036854775808)", 0, "The result does not fit 64 bits.")]
    [InlineData("1e308 * 10", 6, "The result is too large for a double.")]
    [InlineData("event.payload.tags and true", 0, "`and` needs true or false, not a list: write length(x) > 0.")]
    [InlineData("true and event.payload.nothing", 9, "`and` needs true or false, not null: write `x == null` or coalesce(x, false).")]
    [InlineData("not 'a'", 4, "`not` needs true or false, not a string: write `x != ''`, or bool(x) for 'true' and 'false'.")]
    [InlineData("1 if 1 else 2", 5, "`if` needs true or false, not an int: write `x != 0`.")]
    [InlineData("1 < 'a'", 2, "`<` needs two numbers or two strings, not an int and a string.")]
    [InlineData("1 in 2", 2, "Nothing is in an int: it takes a list, a map or a string.")]
    [InlineData("1 in 'a'", 2, "In a string can only be a string, not an int.")]
    [InlineData("'a' ~ null", 6, "`~` joins no null: write coalesce(x, '').")]
    [InlineData("'a' ~ [1]", 6, "`~` joins no list: write to_json(x) or join(x, ', ').")]
    [InlineData("upper(1)", 6, "upper() needs a string as its text, not an int.")]
    [InlineData("1 | length", 0, "length() needs a string, a list or a map as its value, not an int.")]
    [InlineData("filter([1], n => n)", 12, "filter() needs true or false of each item, not an int.")]
    [InlineData("map([{a: 1}], 'b')", 14, "An item has no 'b'. Did you mean 'a'?")]
    [InlineData("int('4x')", 4, "int() needs decimal digits that fit 64 bits: this string is something else.")]
    [InlineData("int(1.5)", 4, "int() needs a whole number of 64 bits: use round(), floor() or ceil().")]
    [InlineData("from_json('{')", 10, "from_json() needs a JSON text of at most 64 levels: this is none (line 1, byte 2).")]
    [InlineData("from_yaml('a: &x 1')", 10, "from_yaml() needs one YAML document: anchors and aliases are refused (line 1).")]
    [InlineData("base64_decode('*')", 14, "base64_decode() needs a Base64 text: this is none.")]
    [InlineData("min([])", 4, "An empty list has no min().")]
    [InlineData("sort([1, 'a'])", 0, "sort() takes all numbers or all strings, not an int and a string.")]
    [InlineData("to_zone(now(), 'Europe/Berln')", 15, "This is no time zone such as Europe/Berlin. Did you mean 'Europe/Berlin'?")]
    [InlineData("date_add(now(), 1, 'month ')", 19, "There is no unit 'month '. Did you mean 'months'?")]
    [InlineData("date_add(now(), 1000000, 'years')", 0, "The date would be outside of the years 1 to 9999.")]
    [InlineData("format_date('yesterday', 'yyyy')", 12, "format_date() needs a date such as 2026-11-22T08:30:00Z: this string is none.")]
    [InlineData("succeeded()", 0, "succeeded() asks about a task that just ended: it means something only in the transitions of a workflow.")]
    public void What_has_no_value_says_why_and_where(string text, int position, string message)
    {
        var problem = Bench.ProblemOf(text);

        Assert.Equal((message, position), (problem.Message, problem.Position));
    }

    [Theory]
    [InlineData("default(missing, 1)", "1")]
    [InlineData("default(event.payload.a.b.c, 1)", "1")]
    [InlineData("default(event.payload.nothing, 1)", "null")]
    [InlineData("default(event.payload.nothing.x, 1)", "1")]
    [InlineData("default(event.payload.tags[7], 1)", "1")]
    [InlineData("default(event.payload.files[0].nam, 1)", "1")]
    [InlineData("default(upper(event.payload.x), 1)", "1")]
    [InlineData("event.payload.x | upper | default('y')", "\"y\"")]
    [InlineData("coalesce(event.payload.x, event.payload.nothing, 2)", "2")]
    [InlineData("coalesce(event.payload.x)", "null")]
    [InlineData("default(event.payload.x if true else 1, 2)", "2")]
    [InlineData("map([{a: 1}, {}], i => default(i.a, 0))", "[1,0]")]
    public void What_is_missing_is_forgiven_below_default_and_coalesce(string text, string json)
        => Assert.Equal(json, Bench.Json(Bench.Evaluate(text)));

    [Theory]
    [InlineData("default(event.payload.size.x, 1)")]
    [InlineData("default(1 + 'a', 1)")]
    [InlineData("default(1, 2) + missing")]
    [InlineData("default(missing, missing)")]
    [InlineData("default(length(default(event.payload.a, 'b')) + 'a', 1)")]
    public void Other_mistakes_are_not_forgiven(string text) => Bench.ProblemOf(text);

    [Fact]
    public void The_caret_stands_below_the_character()
        => Assert.Equal(
            """
            'evnt' is not known here. Did you mean 'event'?
              size == evnt.payload.size
                      ^
            """,
            new ExpressionProblem("true and\nsize == evnt.payload.size\nor x", 17, "'evnt' is not known here. Did you mean 'event'?").Pointed);

    [Fact]
    public void Of_a_long_line_only_what_is_around_the_character_is_shown()
    {
        var lines = new ExpressionProblem(new string('a', 500) + "!" + new string('b', 500), 500, "No.").Pointed.Split('\n');

        Assert.Equal('!', lines[1][lines[2].IndexOf('^', StringComparison.Ordinal)]);
        Assert.True(lines[1].Length < 110);
    }

    [Fact]
    public void A_mistake_without_a_character_has_no_caret()
        => Assert.Equal("No.", new ExpressionProblem("a", -1, "No.").Pointed);

    [Theory]
    [InlineData("rule.ref ~ event.payload.host", "rule.ref event.payload.host")]
    [InlineData("event.payload['x-id'] == event['payload']['x-id']", "event.payload['x-id']")]
    [InlineData("event.payload.tags[event.payload.size].x", "event.payload.tags event.payload.size")]
    [InlineData("map(event.payload.tags, event => event.x + rule.ref)", "event.payload.tags rule.ref")]
    [InlineData("default(event.a, event.b) ~ coalesce(event.c, event.d)", "event.a? event.b event.c? event.d?")]
    [InlineData("default(event.a, 1) + event.a", "event.a")]
    [InlineData("now() == 1", "")]
    public void An_expression_tells_what_it_reads(string text, string reads)
        => Assert.Equal(reads, string.Join(' ', Expression.Parse(text).Reads.Select(use => use + (use.IsOptional ? "?" : ""))));

    [Theory]
    [InlineData(TaskOutcome.Succeeded, "[true,false,false,false]")]
    [InlineData(TaskOutcome.Failed, "[false,true,false,false]")]
    [InlineData(TaskOutcome.TimedOut, "[false,true,true,false]")]
    [InlineData(TaskOutcome.Cancelled, "[false,true,false,true]")]
    public void In_a_workflow_the_outcome_of_the_task_can_be_asked_for(TaskOutcome outcome, string json)
    {
        var scope = new Scope(new Dictionary<string, Value>(), Bench.Now) { TaskOutcome = outcome };

        Assert.Equal(json, Bench.Json(Expression.Parse("[succeeded(), failed(), timed_out(), cancelled()]").Evaluate(scope, ExpressionLimits.Default)));
    }
}
