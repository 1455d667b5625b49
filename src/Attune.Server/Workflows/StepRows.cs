using Attune.Engine.Workflows;
using Attune.Server.Executions;

namespace Attune.Server.Workflows;

/// <summary>An execution that a task starts.</summary>
/// <param name="Task">`execution.workflow_task`.</param>
readonly record struct TaskRow(NewExecution Item, ConductedRun Run, string Task);

/// <summary>A task's execution that no agent runs: it asks people, or it could not be started.</summary>
/// <param name="Error">JSON; null where it asks.</param>
readonly record struct StandInRow(string ActionRef, ConductedRun Run, string Task, TimeSpan? Timeout, string? Error, AskPeople? Ask);

/// <summary>Executions of one run of a task, or of all where <paramref name="Number"/> is 0.</summary>
readonly record struct RunRow(long Parent, int Number);

/// <summary>What a workflow tells the workflows that it called.</summary>
readonly record struct TellRow(RunRow Of, string Kind);

readonly record struct ValueRow(long Workflow, string Kind, int Run, int Item, string Value);

/// <summary>The run's row. Where <paramref name="State"/> is null, state and variables stay.</summary>
readonly record struct StateRow(
    long Id, long Step, string? State, string? Variables, DateTimeOffset? WakeAt, string Current, string Completed, string Failed, string Skipped,
    string Status, string? Error, bool Paused, string? PauseReason, bool Broken = false);

/// <summary>The run's execution.</summary>
readonly record struct StatusRow(long Execution, string Status, string? Result, string? Error, bool Reopens);

/// <summary>All that the steps of a batch write.</summary>
sealed class StepRows
{
    public List<TaskRow> Tasks { get; } = [];
    public List<StandInRow> StandIns { get; } = [];
    public List<RunRow> Cancelled { get; } = [];
    public List<TellRow> Told { get; } = [];
    public List<ValueRow> Values { get; } = [];
    public List<StateRow> States { get; } = [];
    public List<StatusRow> Statuses { get; } = [];

    /// <summary>Happenings that are in the states now, or mean nothing any more.</summary>
    public List<long> Taken { get; } = [];

    /// <summary>To be remembered with their runs after the commit: a step that is taken again may give its runs the same numbers.</summary>
    public List<(RememberedValues Values, KeepValue Keep, long Bytes)> Kept { get; } = [];

    /// <summary>To be remembered after the commit.</summary>
    public List<RememberedRun> After { get; } = [];
}
