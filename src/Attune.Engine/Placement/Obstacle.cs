namespace Attune.Engine.Placement;

/// <summary>Why an agent cannot take an execution. <paramref name="Code"/> is API, see ExplainExecutionReason in the protos.</summary>
public sealed record Obstacle(string Code, string Sentence, string? WorkerName);

/// <summary>An answer to "why does it wait": one sentence, then the facts behind it.</summary>
public sealed record Explanation(string Summary, IReadOnlyList<Obstacle> Reasons);
