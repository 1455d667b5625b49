using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Schemas;

namespace Attune.Engine.Conditions;

/// <summary>A mistake in conditions. <paramref name="Path"/> is where: `all[2].operator`.</summary>
public sealed record ConditionProblem(string Path, string Message);

/// <summary>
/// The conditions of a rule, compiled: a tree of all, any and not over operator objects and expression texts. A field is a path into the
/// event's payload: `host.name`, `items[0].id`.
/// </summary>
public sealed class Condition
{
    Condition() { }

    /// <summary>No conditions: every event matches.</summary>
    public bool IsEmpty => throw new NotImplementedException();

    /// <summary>`any` at the top; everything else counts as `all`.</summary>
    public bool IsAny => throw new NotImplementedException();

    /// <summary>
    /// Null where <paramref name="problems"/> got something: every mistake. With a schema of the payload also its fields are checked: unknown
    /// names with the nearest known one, operators and values that cannot fit the field's type.
    /// </summary>
    public static Condition? Parse(JsonElement json, Schema? payload, List<ConditionProblem> problems) => throw new NotImplementedException();

    /// <param name="payload">The event's payload.</param>
    /// <param name="scope">Made only where an expression is met.</param>
    public ConditionOutcome Evaluate(Value payload, Func<Scope> scope, DateTimeOffset now) => throw new NotImplementedException();
}

/// <summary>What conditions came to.</summary>
/// <param name="Why">Where it did not match: the first condition that failed with the value it saw. Where it could not be decided: why.</param>
public readonly record struct ConditionOutcome(ConditionVerdict Verdict, string? Why);

public enum ConditionVerdict
{
    Matched,
    Unmatched,

    /// <summary>An expression that cannot be evaluated, a limit.</summary>
    Failed,
}
