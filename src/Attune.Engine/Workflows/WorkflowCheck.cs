using Attune.Engine.Schemas;
using Attune.Engine.Workflows.Checks;
using Attune.Engine.Workflows.Definitions;

namespace Attune.Engine.Workflows;

/// <summary>An action as far as a workflow that calls it is checked.</summary>
public sealed record CalledAction(string Ref, Schema Parameters, bool IsWorkflow);

/// <summary>What a workflow is checked against; null is what is not known here and therefore not checked.</summary>
public sealed record WorkflowCheckSurroundings
{
    /// <summary>Of the action that the workflow is.</summary>
    public string? Ref { get; init; }

    /// <summary>The workflow's own.</summary>
    public Schema? Parameters { get; init; }

    /// <summary>Of its pack; an empty one stands for anything.</summary>
    public Schema? PackConfig { get; init; }

    /// <summary>By ref: at least those that it calls, as far as they exist. Null: no actions are known.</summary>
    public IReadOnlyDictionary<string, CalledAction>? Actions { get; init; }

    /// <summary>What a misspelled ref may have been meant to be; null: the refs of <see cref="Actions"/>.</summary>
    public IReadOnlyCollection<string>? ActionRefs { get; init; }

    /// <summary>Refs. Null: no permission sets are known.</summary>
    public IReadOnlyCollection<string>? PermissionSets { get; init; }

    /// <summary>Set: only this pack is known, and what others have is not asked for. Null: everything is known.</summary>
    public string? OnlyPack { get; init; }
}

/// <summary>
/// Finds what a workflow that can be read still gets wrong: unknown actions and parameters, wrong types, names that are not there, secrets
/// that would show, unreachable tasks, joins that can never be satisfied, cycles without an exit.
/// </summary>
public static class WorkflowCheck
{
    public static IReadOnlyList<WorkflowProblem> Find(Workflow workflow, WorkflowCheckSurroundings around)
        => Find(workflow, around, isFlowKnown: true);

    /// <summary>
    /// The same of as much as could be read, so that all mistakes come at once. Of a place that could not be read nothing more is said.
    /// </summary>
    public static IReadOnlyList<WorkflowProblem> Find(WorkflowReading reading, WorkflowCheckSurroundings around)
    {
        if (reading.Sketch is null)
            return [];

        var found = Find(reading.Sketch, around, reading.IsFlowKnown);
        if (reading.Workflow is not null)
            return found;

        var unread = reading.Problems.Select(problem => problem.Path).ToHashSet();
        var variablesMissing = unread.Any(path => path.StartsWith("vars", StringComparison.Ordinal) || path.Contains(".publish", StringComparison.Ordinal));
        return [.. found.Where(problem
            => !IsWithin(problem.Path, unread) && !(variablesMissing && problem.Message.Contains(NameCheck.NoVariable, StringComparison.Ordinal)))];
    }

    // Of an input that could not be read, every parameter would be missing.
    static bool IsWithin(string path, HashSet<string> unread)
    {
        const string input = ".input";
        var whole = path.IndexOf(input, StringComparison.Ordinal) is var at && at < 0 ? path : path[..(at + input.Length)];
        return unread.Any(place => IsBelow(path, place) || (at >= 0 && IsBelow(place, whole)));
    }

    static bool IsBelow(string path, string place)
        => place is not "" && path.StartsWith(place, StringComparison.Ordinal) && (path.Length == place.Length || path[place.Length] is '.' or '[');

    static List<WorkflowProblem> Find(Workflow workflow, WorkflowCheckSurroundings around, bool isFlowKnown)
    {
        var problems = new List<WorkflowProblem>();
        var mistakes = new Mistakes(problems);
        var calls = new CallCheck(around, mistakes);
        foreach (var task in workflow.Tasks)
            calls.Check(task);

        var names = new NameCheck(workflow, around, mistakes);
        var secrets = new SecretCheck(around, mistakes);
        foreach (var place in ExpressionPlace.In(workflow))
        {
            names.Check(place);
            secrets.Check(place);
        }

        if (!isFlowKnown)
            return problems;

        var graph = new TaskGraph(workflow);
        new JoinCheck(workflow, graph, mistakes).Check();
        CycleCheck.Check(workflow, graph, mistakes);
        return problems;
    }

    /// <summary>Refs of the actions that it calls, each once.</summary>
    public static IReadOnlyList<string> ActionsOf(Workflow workflow)
        => [.. workflow.Tasks.Select(task => task.ActionRef).OfType<string>().Distinct()];
}
