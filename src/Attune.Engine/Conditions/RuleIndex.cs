using Attune.Engine.Expressions;

namespace Attune.Engine.Conditions;

/// <summary>
/// The rules of one trigger, indexed by the literal equality that they ask for, so that an event meets only the rules that it can match.
/// Immutable.
/// </summary>
/// <typeparam name="TRule">Whatever the caller keeps for a rule.</typeparam>
public sealed class RuleIndex<TRule>
{
    public RuleIndex(IReadOnlyList<(TRule Rule, Condition Condition)> rules) => throw new NotImplementedException();

    public int Count => throw new NotImplementedException();

    /// <summary>
    /// Rules that match or fail, in the order given. Of the others at most <paramref name="unmatchedMax"/> are named with why; the outcome says
    /// how many there were.
    /// </summary>
    public RuleMatches<TRule> Match(Value payload, Func<Scope> scope, DateTimeOffset now, int unmatchedMax) => throw new NotImplementedException();

    public RuleMatches<TRule> Match(Value payload, Func<TRule, Scope> scope, DateTimeOffset now, int unmatchedMax) => throw new NotImplementedException();
}

public sealed record RuleMatches<TRule>
{
    public required IReadOnlyList<TRule> Matched { get; init; }

    public required IReadOnlyList<(TRule Rule, string Why)> Failed { get; init; }

    public required IReadOnlyList<(TRule Rule, string Why)> Unmatched { get; init; }

    public required int UnmatchedCount { get; init; }
}
