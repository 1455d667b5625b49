using Attune.Engine.Expressions.Functions;

namespace Attune.Engine.Tests.Expressions;

public sealed class FunctionTests
{
    public static TheoryData<string, string> Examples
    {
        get
        {
            var examples = new TheoryData<string, string>();
            foreach (var (expression, json) in FunctionGroup.All.SelectMany(group => group.Functions).SelectMany(function => function.Examples))
                examples.Add(expression, json);
            return examples;
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void An_example_of_the_reference_page_gives_what_it_says(string expression, string json)
        => Assert.Equal(json, Bench.Json(Bench.Evaluate(expression)));
}
