using System.Text.Json;
using Attune.Engine.Expressions;

namespace Attune.Engine.Workflows;

/// <summary>What the host does in the transaction that stores the state.</summary>
public abstract record Command;

/// <summary>Starts an execution of an action (a workflow too). Where that cannot be, the host tells it as a <see cref="RunEnded"/>.</summary>
/// <param name="Parameters">A map.</param>
/// <param name="Batch">The wave it belongs to; 0 without.</param>
/// <param name="TriesMax">Of the task: 1 + retries.</param>
public sealed record StartAction(
    RunKey Key, string Task, string ActionRef, Value Parameters, TimeSpan? Timeout, IReadOnlyDictionary<string, string> WorkerLabels,
    int Batch, int TriesMax) : Command;

public sealed record AskPeople(
    RunKey Key, string Task, string Prompt, JsonElement ResponseSchema, IReadOnlyList<string> Identities,
    IReadOnlyList<string> PermissionSets, int Quorum, TimeSpan? Timeout, TimeSpan? Reminder, bool NoSelfAnswer, int TriesMax) : Command;

/// <summary>
/// Ends all that is unfinished of a run: what waits at once, what runs as soon as its agent has stopped it, and of a workflow all that it
/// runs (<see cref="CancelRequested.Stops"/>).
/// </summary>
public sealed record CancelRun(int Run) : Command;

/// <summary>Where a run's executions are workflows: they pause too (<see cref="PauseRequested.ByCaller"/>).</summary>
public sealed record PauseRun(int Run) : Command;

public sealed record ResumeRun(int Run) : Command;

/// <summary>Where a run's executions are workflows: they are cancelled too, each as its own policy says. Nothing else of it is ended.</summary>
public sealed record CancelWorkflows(int Run) : Command;

/// <summary>Keeps a value outside the state, written once, until the workflow is deleted.</summary>
public sealed record KeepValue(ValueKey Key, Value Value) : Command;

/// <summary>The workflow's execution is over.</summary>
/// <param name="Output">A map; of a failed one as much as could be rendered.</param>
/// <param name="Error">Set when the outcome is not Completed.</param>
public sealed record FinishWorkflow(RunOutcome Outcome, Value Output, TaskError? Error) : Command;

/// <summary>A finished workflow is running again.</summary>
public sealed record ReopenWorkflow : Command;

public enum KeptKind
{
    /// <summary>What one execution gave, by its handle.</summary>
    ExecutionResult,

    /// <summary>The list of a run with items, as it was when the run began. Kept.</summary>
    Items,

    /// <summary>What the items of a run gave: a list in their order, null where there is nothing.</summary>
    ItemResults,

    /// <summary>What a person set as the result of a run. Kept.</summary>
    EditedResult,

    /// <summary>What a person set as the input of a run. Kept.</summary>
    EditedInput,
}

/// <summary>Names a value outside the state.</summary>
/// <param name="Run">0 for <see cref="KeptKind.ExecutionResult"/>.</param>
/// <param name="Handle">Of the execution; 0 for the others.</param>
/// <param name="Item">Of an edited item; -1 else.</param>
public readonly record struct ValueKey(KeptKind Kind, int Run, long Handle, int Item = -1);
