using Attune.Engine.Expressions;
using Attune.Engine.Retries;
using Attune.Engine.Workflows;

namespace Attune.Server.Workflows;

/// <summary>A run of a workflow: what it was started with, which never changes.</summary>
sealed record ConductedRun
{
    /// <summary>Of `workflow_execution`.</summary>
    public required long Id { get; init; }
    public required long ExecutionId { get; init; }

    /// <summary>Workflows above it.</summary>
    public required short Depth { get; init; }
    public required string ActionRef { get; init; }
    public required Workflow Workflow { get; init; }

    /// <summary>Secrets in clear: it is never stored or logged from here.</summary>
    public required Value Parameters { get; init; }

    /// <summary>What expressions call `execution`.</summary>
    public required Value Execution { get; init; }

    /// <summary>Who started it; 0 for nobody.</summary>
    public required long ExecutorId { get; init; }
    public required short Priority { get; init; }
    public required IReadOnlyDictionary<string, string> WorkerLabels { get; init; }
    public required IReadOnlyDictionary<string, string> EnvVars { get; init; }
    public required TimeSpan Timeout { get; init; }
    public required RetryPolicy Retry { get; init; }

    /// <summary>What it takes in memory, roughly; the workflow aside, which is shared.</summary>
    public required long Bytes { get; init; }

    public string PackRef => ActionRef.Split('.', 2)[0];
}

/// <summary>A run as it stood after a step: what this replica need not read again as long as the row has the same step.</summary>
/// <param name="Status">As the row has it.</param>
/// <param name="Variables">As the row has them.</param>
/// <param name="Values">
/// Values outside the state. Only who holds the row's lock touches it; what a step sets is added after its commit.
/// </param>
/// <param name="StateBytes">Of the state as JSON.</param>
sealed record RememberedRun(
    ConductedRun Run, long Step, WorkflowState State, string Status, string Variables, RememberedValues Values, int StateBytes)
{
    /// <summary>What it takes in memory, roughly.</summary>
    public long Bytes => 2048 + Run.Bytes + (4L * StateBytes) + (2L * Variables.Length) + Values.Bytes;

    public bool IsFinished => HeldRun.IsFinal(Status);
}

/// <summary>A run whose row is locked, with what has happened to it.</summary>
sealed class HeldRun
{
    public required long Id { get; init; }
    public required long ExecutionId { get; init; }
    public required long Step { get; init; }
    public required short Depth { get; init; }
    public required string GraphDigest { get; init; }
    public required string Status { get; init; }

    /// <summary>It failed because it could not be carried on: what its state says is not how it ended, and nothing goes on from there.</summary>
    public required bool IsBroken { get; init; }

    /// <summary>Its time to be woken has come.</summary>
    public required bool IsDue { get; init; }

    /// <summary>Set before it is carried on.</summary>
    public RememberedRun Before { get; set; } = null!;

    public List<HappeningRow> Happened { get; } = [];

    public bool IsFinished => IsFinal(Status);

    public static bool IsFinal(string status) => status is "completed" or "failed" or "cancelled" or "timeout" or "abandoned";
}

/// <summary>A row of `workflow_happening`, with what is known of the execution that ended.</summary>
sealed record HappeningRow
{
    public required long Id { get; init; }
    public required string Kind { get; init; }
    public long? Execution { get; init; }
    public string? Detail { get; init; }

    /// <summary>Null where the execution was deleted.</summary>
    public string? Status { get; init; }
    public string? Error { get; init; }
    public int? Run { get; init; }
    public int? Item { get; init; }
    public int? Try { get; init; }

    /// <summary>Where it is small enough to come along.</summary>
    public string? Result { get; init; }
    public bool GaveNothing { get; init; }
}
