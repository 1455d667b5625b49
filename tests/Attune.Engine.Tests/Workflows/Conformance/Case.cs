using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Retries;
using Attune.Engine.Workflows;

namespace Attune.Engine.Tests.Workflows.Conformance;

/// <summary>One file of `workflows/`: a workflow, what its tasks will do, what happens meanwhile, and what shall come of it.</summary>
sealed record Case
{
    /// <summary>Of the file, without its ending.</summary>
    public required string Name { get; init; }
    public required string Topic { get; init; }

    /// <summary>One sentence: what it shows.</summary>
    public required string About { get; init; }
    public required JsonElement Workflow { get; init; }

    /// <summary>By the ref of the action: workflows that tasks call.</summary>
    public required IReadOnlyDictionary<string, JsonElement> Workflows { get; init; }
    public required Value Parameters { get; init; }
    public required Value PackConfig { get; init; }

    /// <summary>Of the action that the workflow is.</summary>
    public required TimeSpan? Timeout { get; init; }
    public required RetryPolicy Retry { get; init; }
    public required Script Script { get; init; }

    /// <summary>In order of their times.</summary>
    public required IReadOnlyList<Intervention> Meanwhile { get; init; }
    public required Expected Expected { get; init; }
}

/// <summary>What somebody does to the workflow while it runs, or after.</summary>
/// <param name="At">Since the start.</param>
/// <param name="Of">The task that is the sub-workflow it is done to; empty: the workflow itself.</param>
/// <param name="Line">How the sequence tells it.</param>
/// <param name="Report">Set where it is a report of an execution: what that gave.</param>
sealed record Intervention(TimeSpan At, string Of, string Line, Func<DateTimeOffset, Happening> Happening, Value? Report);

/// <summary>What is null is not compared, except an error: then there must be none.</summary>
/// <param name="Check">What `attune workflow check` says of it.</param>
sealed record Expected(
    IReadOnlyList<string> Check, string Sequence, string Status, Value Output, ExpectedError? Error, Value? Variables,
    IReadOnlyDictionary<string, ExpectedTask> Tasks);

sealed record ExpectedError(string Reason, string? Message);

sealed record ExpectedTask(string State, int? Runs, ExpectedError? Error, string? Waiting, string? Items);
