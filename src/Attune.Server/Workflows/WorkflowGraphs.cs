using System.Text.Json;
using Attune.Engine.Workflows;

namespace Attune.Server.Workflows;

/// <summary>
/// Graphs that runs were started with, compiled once for all that started with an equal one. Those that were asked for longest ago are
/// forgotten first, so who needs one twice keeps it.
/// </summary>
sealed class WorkflowGraphs(int graphsMax)
{
    readonly Lock gate = new();
    readonly Dictionary<string, LinkedListNode<(string Digest, Workflow Workflow)>> byDigest = [];
    readonly LinkedList<(string Digest, Workflow Workflow)> latestFirst = new();

    public WorkflowGraphs()
        : this(1000)
    {
    }

    /// <summary>Null where it has not been read here yet, or was forgotten.</summary>
    public Workflow? Find(string digest)
    {
        lock (gate)
        {
            if (!byDigest.TryGetValue(digest, out var node))
                return null;
            latestFirst.Remove(node);
            latestFirst.AddFirst(node);
            return node.Value.Workflow;
        }
    }

    /// <exception cref="FormatException">It cannot be read; the message says why.</exception>
    public Workflow Add(string digest, string graph)
    {
        var problems = new List<WorkflowProblem>();
        var workflow = Workflow.Read(JsonElement.Parse(graph), problems);
        if (workflow is null)
            throw new FormatException(string.Join("; ", problems.Take(5).Select(problem => $"{problem.Path}: {problem.Message}")));

        lock (gate)
        {
            if (byDigest.TryGetValue(digest, out var known))
                return known.Value.Workflow;
            byDigest[digest] = latestFirst.AddFirst((digest, workflow));
            if (byDigest.Count > graphsMax)
            {
                byDigest.Remove(latestFirst.Last!.Value.Digest);
                latestFirst.RemoveLast();
            }
        }

        return workflow;
    }
}
