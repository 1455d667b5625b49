using Attune.Engine.Expressions;

namespace Attune.Engine.Conditions;

/// <summary>
/// The rules of one trigger, indexed by the literal equality that they ask for, so that an event meets only the rules that it can match.
/// Immutable. The answer is that of trying each rule.
/// </summary>
/// <typeparam name="TRule">Whatever the caller keeps for a rule.</typeparam>
public sealed class RuleIndex<TRule>
{
    readonly (TRule Rule, Condition Condition)[] rules;

    // Rules without such an equality meet every event; the others are found by the value that the event has at the path of theirs.
    readonly int[] always;
    readonly (FieldPath Path, Dictionary<Value, List<int>> Rules)[] byValue;

    public RuleIndex(IReadOnlyList<(TRule Rule, Condition Condition)> rules)
    {
        this.rules = [.. rules];
        var chosen = Choose();
        always = [.. Enumerable.Range(0, rules.Count).Where(rule => chosen[rule] is null)];
        byValue = [.. Enumerable.Range(0, rules.Count)
            .Where(rule => chosen[rule] is not null)
            .GroupBy(rule => chosen[rule]!.Path, (path, group) => (path, Buckets(group, chosen)))];
    }

    public int Count => rules.Length;

    /// <summary>
    /// Rules that match or fail, in the order given. Of the others at most <paramref name="unmatchedMax"/> are named with why; the outcome says
    /// how many there were.
    /// </summary>
    public RuleMatches<TRule> Match(Value payload, Func<Scope> scope, DateTimeOffset now, int unmatchedMax, Patience? patience = null)
        => Match(payload, _ => scope(), now, unmatchedMax, patience);

    /// <inheritdoc cref="Match(Value, Func{Scope}, DateTimeOffset, int, Patience?)"/>
    /// <param name="scope">The names as one rule sees them. Made only where an expression of it is met.</param>
    /// <param name="patience">When it is over, rules that need an expression or a pattern fail; null: without end.</param>
    public RuleMatches<TRule> Match(
        Value payload, Func<TRule, Scope> scope, DateTimeOffset now, int unmatchedMax, Patience? patience = null)
    {
        var met = new Met(this, payload, scope, now, patience);
        met.Try(always);
        foreach (var (path, buckets) in byValue)
        {
            if (path.TryGet(payload, out var value) && buckets.TryGetValue(value, out var found))
                met.Try(found);
        }

        return met.Outcome(unmatchedMax);
    }

    // Of the equalities of a rule, the one whose path tells the rules of this trigger apart best.
    LiteralRequirement?[] Choose()
    {
        var spread = rules.SelectMany(rule => rule.Condition.Requirements)
            .GroupBy(requirement => requirement.Path)
            .ToDictionary(group => group.Key, group => group.SelectMany(requirement => requirement.Accepted).Distinct().Count());
        return [.. rules.Select(rule => rule.Condition.Requirements.MaxBy(
            requirement => (double)spread[requirement.Path] / requirement.Accepted.Count))];
    }

    static Dictionary<Value, List<int>> Buckets(IEnumerable<int> group, LiteralRequirement?[] chosen)
    {
        var buckets = new Dictionary<Value, List<int>>();
        foreach (var rule in group)
        {
            foreach (var value in chosen[rule]!.Accepted)
            {
                if (!buckets.TryGetValue(value, out var bucket))
                    buckets[value] = bucket = [];
                bucket.Add(rule);
            }
        }

        return buckets;
    }

    /// <summary>One event meeting the rules. Rules are numbers, so that their order can be had back.</summary>
    sealed class Met(RuleIndex<TRule> index, Value payload, Func<TRule, Scope> scope, DateTimeOffset now, Patience? patience)
    {
        readonly List<int> matched = [];
        readonly List<int> failed = [];

        // One delegate for all rules: the rule at hand is the one whose names it makes.
        int current;
        Func<Scope>? scopeOfCurrent;

        Func<Scope> ScopeOf(int rule)
        {
            current = rule;
            return scopeOfCurrent ??= () => scope(index.rules[current].Rule);
        }

        public void Try(IReadOnlyList<int> candidates)
        {
            for (var at = 0; at < candidates.Count; at++)
            {
                var rule = candidates[at];
                var verdict = index.rules[rule].Condition.Test(payload, ScopeOf(rule), now, patience);
                if (verdict is ConditionVerdict.Matched)
                    matched.Add(rule);
                else if (verdict is ConditionVerdict.Failed)
                    failed.Add(rule);
            }
        }

        public RuleMatches<TRule> Outcome(int unmatchedMax)
        {
            matched.Sort();
            failed.Sort();
            return new()
            {
                Matched = [.. matched.Select(rule => index.rules[rule].Rule)],
                Failed = [.. failed.Select(Explained)],
                Unmatched = [.. Unmatched().Take(unmatchedMax).Select(Explained)],
                UnmatchedCount = index.Count - matched.Count - failed.Count,
            };
        }

        IEnumerable<int> Unmatched()
        {
            var (nextMatched, nextFailed) = (0, 0);
            for (var rule = 0; rule < index.Count; rule++)
            {
                if (nextMatched < matched.Count && matched[nextMatched] == rule)
                    nextMatched++;
                else if (nextFailed < failed.Count && failed[nextFailed] == rule)
                    nextFailed++;
                else
                    yield return rule;
            }
        }

        (TRule Rule, string Why) Explained(int rule)
            => (index.rules[rule].Rule, index.rules[rule].Condition.Explain(payload, ScopeOf(rule), now, patience));
    }
}

public sealed record RuleMatches<TRule>
{
    public required IReadOnlyList<TRule> Matched { get; init; }

    public required IReadOnlyList<(TRule Rule, string Why)> Failed { get; init; }

    public required IReadOnlyList<(TRule Rule, string Why)> Unmatched { get; init; }

    public required int UnmatchedCount { get; init; }
}
