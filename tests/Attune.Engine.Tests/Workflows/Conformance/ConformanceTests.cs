namespace Attune.Engine.Tests.Workflows.Conformance;

public sealed class ConformanceTests
{
    public static TheoryData<string> Files => [.. Cases.Names];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_workflow_goes_as_its_case_says(string name)
    {
        var story = Cases.Read(name);
        var stage = new Stage(story);
        try
        {
            stage.Play();
        }
        catch (CaseException broken)
        {
            Assert.Fail($"{name}: {broken.Message}\n\n{Verdict.SoFar(stage)}");
        }

        if (Verdict.Of(story, stage) is { } difference)
            Assert.Fail($"{name}: {story.About}\n\n{difference}");
    }

    [Fact]
    public async Task The_index_is_the_one_that_the_cases_give()
    {
        var page = Cases.Index();
        if (Environment.GetEnvironmentVariable("ATTUNE_SNAPSHOT") == "write")
            await File.WriteAllTextAsync(Cases.IndexPath, page);

        // ATTUNE_SNAPSHOT=write rewrites it.
        Assert.Equal(await File.ReadAllTextAsync(Cases.IndexPath), page);
    }

    [Theory]
    [InlineData("2s  start ship", "2s  start sink", "- 2s start sink\n+ 2s start ship\n")]
    [InlineData("  status: completed", "  status: failed", "- status: failed\n+ status: completed\n")]
    [InlineData("  status: completed", "  status: completed\n  output: {n: 1}", "- output: {n: 1}\n+ output: {}\n")]
    [InlineData("  status: completed", "  status: completed\n  error: TIMEOUT", "- error: TIMEOUT\n+ error: none\n")]
    [InlineData("ship: completed}", "ship: skipped}", "- task ship: skipped\n+ task ship: completed\n")]
    public void A_case_that_expects_something_else_fails_and_shows_what(string what, string instead, string difference)
    {
        var story = CaseReader.Read("linear", Cases.Text("linear").Replace(what, instead, StringComparison.Ordinal));
        var stage = new Stage(story);
        stage.Play();

        Assert.Contains(difference, Verdict.Of(story, stage), StringComparison.Ordinal);
    }

    [Fact]
    public void There_are_no_fewer_cases_than_there_were()
        => Assert.True(Cases.Names.Count >= 180, $"There are {Cases.Names.Count}.");
}
