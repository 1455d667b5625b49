using Attune.Engine.Expressions;
using Attune.Engine.Retries;

namespace Attune.Engine.Workflows;

/// <summary>Which execution of a workflow: the run of a task, the item in it, the try of that.</summary>
/// <param name="Run">1, 2, 3 … over all tasks of the workflow.</param>
/// <param name="Item">From 0; -1 without with_items.</param>
/// <param name="Try">0 for the first; counts the task's own retries.</param>
public readonly record struct RunKey(int Run, int Item, int Try);

public enum RunOutcome
{
    Completed,
    Failed,
    Timeout,
    Cancelled,

    /// <summary>Lost with its agent. As a failure, with its own reason.</summary>
    Abandoned,
}

/// <summary>Why something failed. <paramref name="Reason"/> is in capitals and never renamed.</summary>
public sealed record TaskError(string Reason, string Message);

/// <summary>Something that happened to a workflow. <paramref name="At"/> is the only time that the conductor knows.</summary>
public abstract record Happening(DateTimeOffset At);

/// <summary>The first of every workflow.</summary>
/// <param name="Timeout">Of the execution; the definition's own counts too.</param>
/// <param name="Retry">Of the action.</param>
public sealed record WorkflowStarted(DateTimeOffset At, TimeSpan? Timeout, RetryPolicy Retry) : Happening(At);

/// <summary>An execution ended, or could not be started. What it gave is asked for through <see cref="ValueKey"/>.</summary>
/// <param name="Handle">The host's name for the execution; 0 for none.</param>
public sealed record RunEnded(DateTimeOffset At, RunKey Key, RunOutcome Outcome, TaskError? Error, long Handle) : Happening(At);

/// <summary><see cref="WorkflowState.WakeAt"/> has come, or may have.</summary>
public sealed record TimeCame(DateTimeOffset At) : Happening(At);

/// <summary>Of one that is ending already too: then only more of what runs is cancelled.</summary>
/// <param name="Stops">What runs is stopped whatever the workflow's policy is: so somebody who waits for it no longer is not kept waiting.</param>
public sealed record CancelRequested(DateTimeOffset At, string Reason, bool Stops = false) : Happening(At);

/// <param name="ByCaller">The workflow that called it pauses, and will resume it.</param>
public sealed record PauseRequested(DateTimeOffset At, string Reason, bool ByCaller = false) : Happening(At);

/// <param name="ByCaller">The workflow that called it goes on. One that a person paused for itself does not.</param>
public sealed record ResumeRequested(DateTimeOffset At, bool ByCaller = false) : Happening(At);

/// <summary>On a finished workflow: it goes on running from these tasks.</summary>
public sealed record RerunRequested(DateTimeOffset At, IReadOnlyList<string> Tasks) : Happening(At);

/// <summary>Exactly one of <paramref name="Input"/> and <paramref name="Result"/> is set.</summary>
/// <param name="Item">-1 for the task as a whole.</param>
public sealed record EditRequested(DateTimeOffset At, string Task, int Item, Value? Input, Value? Result) : Happening(At);
