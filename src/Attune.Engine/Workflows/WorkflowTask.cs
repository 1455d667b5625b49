using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Retries;

namespace Attune.Engine.Workflows;

/// <summary>A node of the graph.</summary>
public sealed class WorkflowTask
{
    /// <summary>Bounds the `timeout` of an action that is no workflow: a week.</summary>
    public const int ActionSecondsMax = 7 * 86_400;

    public required string Name { get; init; }

    /// <summary>Its place in <see cref="Workflow.Tasks"/>.</summary>
    public required int Index { get; init; }

    /// <summary>Null for an inquiry.</summary>
    public required string? ActionRef { get; init; }
    public required TaskInquiry? Inquiry { get; init; }

    /// <summary>Renders to a map.</summary>
    public required Template Input { get; init; }
    public required IReadOnlyList<Transition> Next { get; init; }

    /// <summary>Sources it waits for; 0 without a join. For `all` it is the number of <see cref="Sources"/>.</summary>
    public required int JoinCount { get; init; }

    /// <summary>Tasks with a transition (or `on_error`) that leads here, by index, ascending.</summary>
    public required IReadOnlyList<int> Sources { get; init; }
    public required TaskItems? Items { get; init; }
    public required TaskRetry? Retry { get; init; }

    /// <summary>Seconds; renders to a number, at least 1, and at most <see cref="ActionSecondsMax"/> unless it calls a workflow.</summary>
    public required Template? Timeout { get; init; }

    /// <summary>Seconds; renders to a number.</summary>
    public required Template? Delay { get; init; }
    public required OnError OnError { get; init; }

    /// <summary>Renders to a map of texts; null without.</summary>
    public required Template? WorkerLabels { get; init; }
}

/// <summary>What follows a run: every one whose condition holds, in order.</summary>
public sealed class Transition
{
    /// <summary>Null: when the task succeeded; not asked where <see cref="IsElse"/>.</summary>
    public required Expression? When { get; init; }
    public required bool IsElse { get; init; }

    /// <summary>`when: true`: however the task ended.</summary>
    public bool IsAlways => When?.Root.Constant is { Kind: ValueKind.Bool } constant && constant.AsBool();

    /// <summary>It says `retry`: after so many times it is as if it were not there.</summary>
    public bool IsExhaustible => Do.Any(target => target.Word is WorkflowCommandWord.Retry);

    /// <summary>One after the other; each renders to a map and sees the ones before.</summary>
    public required IReadOnlyList<Template> Publish { get; init; }

    /// <summary>In order; empty: publishes only.</summary>
    public required IReadOnlyList<TransitionTarget> Do { get; init; }
}

public enum WorkflowCommandWord
{
    /// <summary>None: a task.</summary>
    None,
    Fail,
    Noop,
    Continue,
    Retry,
}

/// <summary>A task by its index, or a command word and -1.</summary>
public readonly record struct TransitionTarget(WorkflowCommandWord Word, int Task);

/// <summary>with_items. Exactly one of <paramref name="Single"/> and <paramref name="Named"/> is set.</summary>
/// <param name="Single">Gives the list.</param>
/// <param name="Named">Name and list, in order.</param>
/// <param name="Concurrency">Renders to a whole number; null: <see cref="DefaultConcurrency"/>.</param>
/// <param name="BatchSize">Renders to a whole number; null: no waves.</param>
[SuppressMessage("Naming", "CA1720", Justification = "A single list is meant, beside named ones.")]
public sealed record TaskItems(
    Template? Single, IReadOnlyList<KeyValuePair<string, Template>> Named, Template? Concurrency, Template? BatchSize)
{
    public const int DefaultConcurrency = 100;
    public const int CountMax = 100_000;

    /// <summary>More of one run do not run at the same time, whatever is asked for: what runs is in the state.</summary>
    public const int ConcurrencyMax = 1000;
}

/// <summary>Tries after the first, each item for itself.</summary>
public sealed record TaskRetry(int Count, TimeSpan Delay, Backoff Backoff, TimeSpan MaxDelay, Expression? When);

/// <summary>What happens when a task failed and no transition fired: fail, go on, or these tasks.</summary>
public sealed record OnError(WorkflowCommandWord Word, IReadOnlyList<int> Tasks);

/// <summary>A task that asks people.</summary>
/// <param name="Prompt">Renders to a text.</param>
/// <param name="ResponseSchema">As in pack files.</param>
/// <param name="Identities">Renders to a list of logins; null: none named.</param>
/// <param name="PermissionSets">Refs.</param>
/// <param name="Quorum">Renders to a whole number, at least 1.</param>
/// <param name="Timeout">Seconds.</param>
/// <param name="Reminder">Seconds between reminders.</param>
/// <param name="NoSelfAnswer">Whoever started the workflow may not answer.</param>
public sealed record TaskInquiry(
    Template Prompt, JsonElement ResponseSchema, Template? Identities, IReadOnlyList<string> PermissionSets, Template? Quorum,
    Template? Timeout, TimeSpan? Reminder, bool NoSelfAnswer)
{
    public const int QuorumMax = 1000;
}
