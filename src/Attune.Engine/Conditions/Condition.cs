using System.Text;
using System.Text.Json;
using Attune.Engine.Expressions;
using Attune.Engine.Schemas;

namespace Attune.Engine.Conditions;

/// <summary>A mistake in conditions. <paramref name="Path"/> is where: `all[2].operator`.</summary>
public sealed record ConditionProblem(string Path, string Message);

/// <summary>
/// The conditions of a rule, compiled: a tree of all, any and not over operator objects and expression texts. A field is a path into the
/// event's payload: `host.name`, `items[0].id`. A field that is missing fits no operator; `not_equals`, `not_in`, `not_contains` and
/// `not_exists` are their opposites and so fit it. Null is a value, except that `exists` does not count it.
/// </summary>
public sealed class Condition
{
    const int WhyMax = 500;

    readonly ConditionNode.All root;

    Condition(ConditionNode.All root)
    {
        this.root = root;
        Requirements = LiteralRequirement.Of(root);
    }

    /// <summary>No conditions: every event matches.</summary>
    public bool IsEmpty => root.Parts.Count == 0;

    /// <summary>`any` at the top; everything else counts as `all`.</summary>
    public bool IsAny => root.Parts is [ConditionNode.Any];

    /// <summary>What must hold for the conditions to match, by path.</summary>
    internal IReadOnlyList<LiteralRequirement> Requirements { get; }

    /// <summary>
    /// Null where <paramref name="problems"/> got something: every mistake. With a schema of the payload also its fields are checked: unknown
    /// names with the nearest known one, operators and values that cannot fit the field's type. The schema's secrets are never shown in
    /// explanations.
    /// </summary>
    public static Condition? Parse(JsonElement json, Schema? payload, List<ConditionProblem> problems)
        => new ConditionReader(payload, problems).Read(json) is { } root ? new(root) : null;

    /// <summary>Whether any part of it looks at something that is secret by this schema, or at something that holds it.</summary>
    public bool LooksAtSecretOf(Schema payload)
    {
        var shape = new PayloadShape(payload);
        return payload.HasSecrets && root.Looks.Any(shape.IsSecret);
    }

    /// <param name="payload">The event's payload.</param>
    /// <param name="scope">Made only where an expression is met.</param>
    /// <param name="patience">Shared by all rules of the event; null: without end.</param>
    public ConditionOutcome Evaluate(Value payload, Func<Scope> scope, DateTimeOffset now, Patience? patience = null)
    {
        var verdict = Test(payload, scope, now, patience);
        return new(verdict, verdict is ConditionVerdict.Matched ? null : Explain(payload, scope, now, patience));
    }

    /// <summary>The verdict without a word, which costs nothing but the looking.</summary>
    internal ConditionVerdict Test(Value payload, Func<Scope> scope, DateTimeOffset now, Patience? patience = null)
    {
        var evaluation = new Evaluation(payload, scope, now, patience);
        return root.Evaluate(ref evaluation);
    }

    /// <summary>Why it does not match or cannot be decided.</summary>
    internal string Explain(Value payload, Func<Scope> scope, DateTimeOffset now, Patience? patience = null)
    {
        var text = new StringBuilder(100);
        var evaluation = new Evaluation(payload, scope, now, patience) { Text = text };
        root.Evaluate(ref evaluation);
        return text.Length <= WhyMax ? text.ToString() : text.ToString(0, WhyMax) + "…";
    }
}

/// <summary>What conditions came to.</summary>
/// <param name="Why">Where it did not match: the first condition that failed with the value it saw. Where it could not be decided: why.</param>
public readonly record struct ConditionOutcome(ConditionVerdict Verdict, string? Why);

public enum ConditionVerdict
{
    Matched,
    Unmatched,

    /// <summary>An expression that cannot be evaluated, a limit; and nothing else settles it.</summary>
    Failed,
}
