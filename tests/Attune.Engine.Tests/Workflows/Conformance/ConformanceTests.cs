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

    [Fact]
    public void There_are_no_fewer_cases_than_there_were()
        => Assert.True(Cases.Names.Count >= 180, $"There are {Cases.Names.Count}.");
}
