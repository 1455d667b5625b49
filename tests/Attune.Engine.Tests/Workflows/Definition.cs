using System.Text.Json;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows;

/// <summary>Workflows as tests write them: JSON with single quotes.</summary>
static class Definition
{
    public static JsonElement Json(string definition) => JsonElement.Parse(definition.Replace('\'', '"'));

    public static Workflow Read(string definition)
    {
        var problems = new List<WorkflowProblem>();
        var workflow = Workflow.Read(Json(definition), problems);
        Assert.Empty(problems);
        return workflow!;
    }

    /// <summary>Mistakes as `path: message`.</summary>
    public static string[] MistakesOf(string definition)
    {
        var problems = new List<WorkflowProblem>();
        var workflow = Workflow.Read(Json(definition), problems);
        Assert.Equal(problems.Count == 0, workflow is not null);
        return [.. problems.Select(problem => $"{problem.Path}: {problem.Message}")];
    }
}
