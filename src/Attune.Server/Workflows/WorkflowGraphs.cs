using System.Collections.Concurrent;
using System.Text.Json;
using Attune.Engine.Workflows;

namespace Attune.Server.Workflows;

/// <summary>Graphs that runs were started with, compiled once for all that started with an equal one.</summary>
sealed class WorkflowGraphs
{
    const int GraphsMax = 1000;

    readonly ConcurrentDictionary<string, Workflow> byDigest = new();

    /// <summary>Null where it has not been read here yet.</summary>
    public Workflow? Find(string digest) => byDigest.GetValueOrDefault(digest);

    /// <exception cref="FormatException">It cannot be read; the message says why.</exception>
    public Workflow Add(string digest, string graph)
    {
        var problems = new List<WorkflowProblem>();
        var workflow = Workflow.Read(JsonElement.Parse(graph), problems);
        if (workflow is null)
            throw new FormatException(string.Join("; ", problems.Take(5).Select(problem => $"{problem.Path}: {problem.Message}")));

        if (byDigest.Count >= GraphsMax)
            byDigest.Clear();
        return byDigest[digest] = workflow;
    }
}
