using Attune.Engine.Expressions;
using Attune.Engine.Workflows.Conducting;

namespace Attune.Engine.Workflows;

public enum WorkflowStatus
{
    /// <summary>Nothing happened yet.</summary>
    Requested,
    Running,

    /// <summary>Ends as cancelled, failed or timeout when what runs has ended.</summary>
    Ending,
    Completed,
    Failed,
    Timeout,
    Cancelled,
}

/// <summary>
/// Where a workflow stands. Small whatever it did: results and items are outside (<see cref="ValueKey"/>), of a run with items it holds
/// a window. A value: the conductor never changes one that it was given.
/// </summary>
public sealed class WorkflowState
{
    internal WorkflowState(Board board) => (Board, WakeAt) = (board, board.WakeAt);

    /// <summary>Before <see cref="WorkflowStarted"/>.</summary>
    public static WorkflowState New { get; } = new(new Board());

    public WorkflowStatus Status => Board.Status;

    public bool IsFinished => Board.IsFinished;

    public bool IsPaused => Board.IsPaused;

    public string? PauseReason => Board.PauseReason;

    /// <summary>Set once it is certain how it ends.</summary>
    public TaskError? Error => Board.Error;

    /// <summary>When it wants a <see cref="TimeCame"/>; null while nothing waits for a time.</summary>
    public DateTimeOffset? WakeAt { get; }

    /// <summary>What was published, merged over all branches in the order in which they would merge if all ended now.</summary>
    public IReadOnlyDictionary<string, Value> Variables => Board.Contexts.Outlook(Board.BranchesInOrder);

    internal Board Board { get; }

    /// <summary>Every task, in the order of the workflow.</summary>
    public IReadOnlyList<TaskStanding> Standing(Workflow workflow) => new Standings(workflow, Board).All();

    /// <summary>Of every task, in the order of the workflow: for a fraction of what <see cref="Standing"/> costs.</summary>
    public IReadOnlyList<TaskState> TaskStates(Workflow workflow) => new Standings(workflow, Board).States();

    /// <summary>Whether the variables are surely those of a state before it, for next to nothing. False where nobody knows.</summary>
    public bool HasVariablesOf(WorkflowState before)
        => ReferenceEquals(Board.Contexts.Content, before.Board.Contexts.Content) && !Board.Contexts.HasSeveralOpen;

    /// <summary>As it is stored. Reading it again gives an equal state.</summary>
    public byte[] ToJson() => BoardWriter.Write(Board);

    /// <exception cref="FormatException">It is no state of this workflow.</exception>
    public static WorkflowState Parse(Workflow workflow, ReadOnlySpan<byte> utf8Json) => new(BoardReader.Read(workflow, utf8Json));
}

public enum TaskState
{
    Pending,
    Waiting,
    Running,
    Completed,
    Failed,
    Timeout,
    Cancelled,
    Skipped,
}

/// <summary>How a task stands, for people.</summary>
/// <param name="RunCount">Times it was run, retries not counted.</param>
/// <param name="Handle">Of its last execution; 0 for none and for items.</param>
/// <param name="Waiting">One sentence, while it waits.</param>
/// <param name="Live">Runs of it that are not over.</param>
public sealed record TaskStanding(
    string Name, TaskState State, int RunCount, long Handle, TaskError? Error, string? Waiting, ItemsStanding? Items,
    IReadOnlyList<int> Live)
{
    /// <summary>
    /// Those of <see cref="Live"/> that have an execution that has not ended; one that ended while the workflow was paused has. Empty: the
    /// task as a whole may be edited, on a workflow that is paused or has ended.
    /// </summary>
    public IReadOnlyList<int> Executing { get; init; } = [];

    /// <summary>Of the run that <see cref="Items"/> tells of, the items that have such an execution: any other one may be edited. Ascending.</summary>
    public IReadOnlyList<int> ExecutingItems { get; init; } = [];
}

/// <param name="Running">Those whose execution has not ended.</param>
public sealed record ItemsStanding(int Total, int Completed, int Failed, int Running);
