namespace Attune.Engine.Workflows.Conducting;

enum RunPhase
{
    /// <summary>To be started as soon as nothing holds it; its delay is not known yet.</summary>
    Reached,

    /// <summary>Its delay is known or does not count; starts at <see cref="Run.Until"/>, or at once.</summary>
    Ready,

    /// <summary>Its execution, or a window of its items, is out.</summary>
    Running,
}

/// <summary>A run of a task that is not over.</summary>
sealed record Run
{
    /// <summary>1, 2, 3 … over all tasks.</summary>
    public required int Number { get; init; }

    /// <summary>Index of the task.</summary>
    public required int Task { get; init; }

    /// <summary>Where its variables are: see <see cref="Contexts"/>. It uses that node.</summary>
    public required int Context { get; init; }

    public RunPhase Phase { get; init; }

    /// <summary>0 for the first. Without items only.</summary>
    public int Try { get; init; }

    /// <summary>When it starts, is tried again, or goes on with its items; null where no time is waited for.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Times that a `retry` command led here.</summary>
    public int Again { get; init; }

    /// <summary>The input is the one that a person set.</summary>
    public bool HasEditedInput { get; init; }

    /// <summary>It needs no execution: a person set its result.</summary>
    public bool HasEditedResult { get; init; }

    public ItemsWindow? Items { get; init; }

    /// <summary>It has an execution that has not ended.</summary>
    public bool IsLive => Phase is RunPhase.Running && (Items is null || Items.RunningCount > 0);

    public bool Awaits(RunKey key) => Phase is RunPhase.Running
        && (Items is { } items
            ? items.Find(key.Item) is { IsRunning: true } live && live.Try == key.Try
            : key.Item == -1 && key.Try == Try);
}

/// <summary>How the last run of a task ended.</summary>
/// <param name="Handle">0 for none and for items.</param>
/// <param name="HasEditedResult">Its result is the one that a person set.</param>
/// <param name="Items">As they were at its end.</param>
sealed record EndedRun(int Run, RunOutcome Outcome, TaskError? Error, long Handle, bool HasEditedResult, ItemsWindow? Items);

/// <summary>What is known of a task that was reached.</summary>
/// <param name="RunCount">Times it was run, retries not counted.</param>
/// <param name="Seen">The node at which its last run began, for one that begins again; -1 where that is forgotten. It uses it.</param>
/// <param name="Left">The node that its last run left behind, for joins that it need not come to again; -1 where that is forgotten. It uses it.</param>
sealed record TaskRecord(int RunCount, EndedRun? Last, int Seen, int Left)
{
    public static TaskRecord New { get; } = new(0, null, -1, -1);
}
