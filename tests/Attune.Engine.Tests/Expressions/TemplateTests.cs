using System.Text.Json;
using Attune.Engine.Expressions;

namespace Attune.Engine.Tests.Expressions;

public sealed class TemplateTests
{
    [Theory]
    [InlineData("'{{ event.payload.size }}'", "3")]
    [InlineData("'{{ event.payload.host }}'", "{'name':'web-01','port':8080}")]
    [InlineData("'{{ null }}'", "null")]
    [InlineData("' {{ event.payload.size }}'", "' 3'")]
    [InlineData("'{{ event.payload.size }}{{ event.payload.up }}'", "'3true'")]
    [InlineData("'on {{ event.payload.host.name }}: {{ event.payload.tags }}.'", "'on web-01: [\\'a\\',\\'b\\'].'")]
    [InlineData("'{{ {a: {b: 1}}}}'", "{'a':{'b':1}}")]
    [InlineData("'{{ \\'}}\\' }} and {{ \\'{{\\' }}'", "'}} and {{'")]
    [InlineData("'{ a } }} {% b %} {'", "'{ a } }} {% b %} {'")]
    [InlineData("{'a': [1, '{{ 1 + 1 }}', {'b': 'x{{ 3 }}'}], 'c': null}", "{'a':[1,2,{'b':'x3'}],'c':null}")]
    public void A_text_of_one_expression_keeps_its_type_and_others_stay_texts(string template, string json)
        => Assert.Equal(json.Replace("\\'", "\\\"", StringComparison.Ordinal).Replace('\'', '"'), Bench.Json(Render(template)));

    [Fact]
    public void Every_mistake_of_every_text_is_told_with_its_path()
    {
        var problems = new List<TemplateProblem>();
        var template = Template.Parse(Json("{'a': ['x', '{{ 1 + }}'], 'b': {'c': 'y {{ uper(1) }} {{ (2 }} {{ 3'}, '{{ d }}': 1}"), problems);

        Assert.Null(template);
        Assert.Equal(
            ["a[1] 7", "b.c 5", "b.c 22", "b.c 25", "{{ d }} 0"],
            problems.Select(problem => $"{problem.Path} {problem.Problem.Position}"));
        Assert.Contains("'upper'", problems[1].Problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_rendered_is_told_with_its_path()
    {
        var exception = Assert.Throws<TemplateException>(() => Render("{'ok': '{{ 1 }}', 'hosts': [{'name': 'on {{ event.payload.hots }}'}]}"));

        Assert.Equal("hosts[0].name", exception.Problem.Path);
        Assert.Equal("hosts[0].name: `event.payload` has no 'hots'. Did you mean 'host'?", exception.Message);
        Assert.Equal(20, exception.Problem.Problem.Position);
        Assert.Equal("on {{ event.payload.hots }}", exception.Problem.Problem.Text);
    }

    [Fact]
    public void A_null_in_a_text_is_a_mistake()
        => Assert.Contains("coalesce", Assert.Throws<TemplateException>(() => Render("'a {{ null }}'")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_template_without_expressions_is_constant_and_tells_nothing_to_read()
    {
        var template = Parse("{'a': ['x', 1, '}}']}");

        Assert.True(template.IsConstant);
        Assert.Empty(template.Reads);
    }

    [Fact]
    public void Every_variable_is_told_with_the_path_of_its_text()
        => Assert.Equal(
            ["a event.payload.x False", "b[0] event.key True", "b[0] rule.ref False"],
            Parse("{'a': '{{ event.payload.x + event.payload.x }}', 'b': ['{{ default(event.key, 1) }} {{ rule.ref }}']}")
                .Reads.Select(read => $"{read.Path} {read.Use} {read.Use.IsOptional}"));

    [Fact]
    public void All_texts_of_a_template_share_the_limits()
    {
        var one = "'{{ join(range(100), \\'-\\') }}'";
        var limits = new ExpressionLimits { Size = 1000 };

        Parse(one).Render(Bench.Scope, limits);
        Assert.Throws<TemplateException>(() => Parse($"[{one}, {one}, {one}, {one}]").Render(Bench.Scope, limits));
    }

    static Value Render(string template) => Parse(template).Render(Bench.Scope, ExpressionLimits.Default);

    static Template Parse(string template)
    {
        var problems = new List<TemplateProblem>();
        var parsed = Template.Parse(Json(template), problems);
        Assert.Empty(problems);
        return parsed!;
    }

    // Apostrophes instead of quotes, so that the tables stay readable.
    static JsonElement Json(string text)
        => JsonSerializer.Deserialize<JsonElement>(text.Replace("\\'", "\u0001", StringComparison.Ordinal).Replace('\'', '"').Replace('\u0001', '\''));
}
