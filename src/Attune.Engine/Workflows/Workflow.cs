using System.Collections.Frozen;
using System.Text.Json;
using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows;

/// <summary>What happens to tasks that run when a workflow is cancelled or fails.</summary>
public enum CancellationPolicy
{
    AllowFinish,
    CancelRunning,
}

/// <summary>A workflow as it is carried out: read, checked for itself, expressions compiled. Immutable; any thread may use it.</summary>
public sealed class Workflow
{
    public const int TasksMax = 10_000;

    /// <summary>Of any time in a workflow: a year.</summary>
    public const int SecondsMax = 365 * 86_400;

    public required string Version { get; init; }

    /// <summary>In the order of the file. <see cref="WorkflowTask.Index"/> is a task's place here.</summary>
    public required IReadOnlyList<WorkflowTask> Tasks { get; init; }

    /// <summary>Renders to a map.</summary>
    public required Template Vars { get; init; }

    /// <summary>Renders to a map; null gives an empty one.</summary>
    public required Template? OutputMap { get; init; }
    public required TimeSpan? Timeout { get; init; }
    public required CancellationPolicy Cancellation { get; init; }

    /// <summary>Where it starts: tasks that nothing leads to, in order.</summary>
    public required IReadOnlyList<int> Roots { get; init; }

    FrozenDictionary<string, WorkflowTask> ByName => field ??= Tasks.DistinctBy(task => task.Name).ToFrozenDictionary(task => task.Name, StringComparer.Ordinal);

    public WorkflowTask? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Reads a definition as it is stored, or as a file has it turned to JSON. Null when there is a problem.</summary>
    public static Workflow? Read(JsonElement definition, List<WorkflowProblem> problems)
    {
        var reading = WorkflowReading.Read(definition);
        problems.AddRange(reading.Problems);
        return reading.Workflow;
    }
}
