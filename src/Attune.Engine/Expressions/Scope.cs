namespace Attune.Engine.Expressions;

/// <summary>What names mean while an expression is evaluated.</summary>
public sealed class Scope(IReadOnlyDictionary<string, Value> names, DateTimeOffset now)
{
    public IReadOnlyDictionary<string, Value> Names => names;

    /// <summary>What now() answers: fixed for the whole evaluation.</summary>
    public DateTimeOffset Now => now;

    /// <summary>What succeeded(), failed(), timed_out() and cancelled() ask about; null where no task has ended.</summary>
    public TaskOutcome? TaskOutcome { get; init; }
}

/// <summary>How the task of a workflow ended whose transitions are decided.</summary>
public enum TaskOutcome
{
    Succeeded,
    Failed,
    TimedOut,
    Cancelled,
}
