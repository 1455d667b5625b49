using System.Text;
using Attune.Engine.Workflows;

namespace Attune.Server.Workflows;

/// <summary>A run of a workflow as its row has it.</summary>
sealed record ShownRunRow
{
    public required long Id { get; init; }
    public required long Execution { get; init; }
    public required string GraphDigest { get; init; }

    /// <summary>Null before the first step.</summary>
    public string? State { get; init; }
    public required bool Paused { get; init; }
    public string? PauseReason { get; init; }
    public required string Variables { get; init; }
}

/// <summary>A run of a workflow: the graph that it started with, and where its tasks stand.</summary>
sealed record ShownRun
{
    public required long Id { get; init; }
    public required long ExecutionId { get; init; }
    public required Workflow Graph { get; init; }

    /// <summary>In the order of the graph.</summary>
    public required IReadOnlyList<TaskStanding> Standing { get; init; }
    public required bool IsPaused { get; init; }

    /// <summary>Empty where none was given.</summary>
    public required string PauseReason { get; init; }

    /// <summary>JSON.</summary>
    public required string Variables { get; init; }

    public static ShownRun Read(ShownRunRow row, Workflow graph) => new()
    {
        Id = row.Id,
        ExecutionId = row.Execution,
        Graph = graph,
        Standing = row.State is { } state
            ? WorkflowState.Parse(graph, Encoding.UTF8.GetBytes(state)).Standing(graph)
            : [.. graph.Tasks.Select(task => new TaskStanding(task.Name, TaskState.Pending, 0, 0, null, null, null, []))],
        IsPaused = row.Paused,
        PauseReason = row.PauseReason ?? "",
        Variables = row.Variables,
    };

    public TaskStanding? StandingOf(string task) => Standing.FirstOrDefault(each => each.Name == task);
}

/// <summary>What somebody changed in a run.</summary>
public sealed record WorkflowEditRow
{
    public required long Id { get; init; }
    public required string Login { get; init; }
    public required string Kind { get; init; }
    public required string[] Tasks { get; init; }
    public string? Reason { get; init; }

    /// <summary>JSON, secrets sealed.</summary>
    public string? Value { get; init; }
    public required DateTimeOffset Created { get; init; }
}
