using Attune.Engine.Schemas;

namespace Attune.Engine.Workflows;

/// <summary>An action as far as a workflow that calls it is checked.</summary>
public sealed record CalledAction(string Ref, Schema Parameters, bool IsWorkflow);

/// <summary>What a workflow is checked against; null is what is not known here and therefore not checked.</summary>
public sealed record WorkflowCheckSurroundings
{
    /// <summary>The workflow's own.</summary>
    public Schema? Parameters { get; init; }
    public Schema? PackConfig { get; init; }

    /// <summary>By ref; null: no actions are known.</summary>
    public IReadOnlyDictionary<string, CalledAction>? Actions { get; init; }
}

/// <summary>
/// Finds what a workflow that can be read still gets wrong: unknown actions and parameters, wrong types, names that are not there, secrets
/// that would show, unreachable tasks, joins that can never be satisfied, cycles without an exit.
/// </summary>
public static class WorkflowCheck
{
    public static IReadOnlyList<WorkflowProblem> Find(Workflow workflow, WorkflowCheckSurroundings around)
        => throw new NotImplementedException();

    /// <summary>Refs of the actions that it calls, each once.</summary>
    public static IReadOnlyList<string> ActionsOf(Workflow workflow)
        => [.. workflow.Tasks.Select(task => task.ActionRef).OfType<string>().Distinct()];
}
