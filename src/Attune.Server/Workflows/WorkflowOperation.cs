namespace Attune.Server.Workflows;

enum OperationKind
{
    Pause,
    Resume,
    Rerun,
    EditInput,
    EditResult,
}

/// <summary>What somebody wants of a run of a workflow.</summary>
sealed record WorkflowOperation
{
    public required long ExecutionId { get; init; }
    public required OperationKind Kind { get; init; }

    /// <summary>Shown with the run; may be empty.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Of a rerun at least one, of an edit exactly one; known to the graph.</summary>
    public IReadOnlyList<string> Tasks { get; init; } = [];

    /// <summary>Of an edit: one item, from 0; -1 for the task as a whole.</summary>
    public int Item { get; init; } = -1;

    /// <summary>Of an edit: JSON of the new input or result, secrets in clear.</summary>
    public string? Value { get; init; }

    /// <summary>Of an edit: the same as it stays on record, secrets sealed or left out.</summary>
    public string? Recorded { get; init; }
}
