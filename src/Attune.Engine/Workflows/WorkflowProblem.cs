namespace Attune.Engine.Workflows;

/// <summary>A mistake in a workflow. <paramref name="Path"/> is where: `tasks.issue.next[0].when`; tasks go by their names.</summary>
public sealed record WorkflowProblem(string Path, string Message);
