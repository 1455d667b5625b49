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

    [Fact]
    public async Task The_reference_page_is_the_one_that_the_code_gives()
    {
        var page = ReferencePage.Write();
        if (Environment.GetEnvironmentVariable("ATTUNE_SNAPSHOT") == "write")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(ReferencePage.Path)!);
            await File.WriteAllTextAsync(ReferencePage.Path, page);
        }

        // ATTUNE_SNAPSHOT=write rewrites it.
        Assert.Equal(await File.ReadAllTextAsync(ReferencePage.Path), page);
    }

    [Fact]
    public void Every_function_is_shown_by_an_example_unless_only_a_workflow_can()
        => Assert.Equal(
            ["succeeded", "failed", "timed_out", "cancelled"],
            FunctionGroup.All.SelectMany(group => group.Functions).Where(function => function.Examples.Length == 0).Select(function => function.Name));
}
