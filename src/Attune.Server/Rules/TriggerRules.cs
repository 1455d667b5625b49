using Attune.Engine.Conditions;

namespace Attune.Server.Rules;

/// <summary>All rules of one trigger, indexed. Immutable.</summary>
sealed class TriggerRules
{
    /// <summary>Rules that are named with why they did not match; the others are counted.</summary>
    public const int UnmatchedMax = 50;

    readonly RuleIndex<CompiledRule> index;
    readonly (CompiledRule, string)[] broken;

    public TriggerRules(IReadOnlyList<CompiledRule> rules)
    {
        index = new([.. rules.Where(rule => rule.Condition is not null).Select(rule => (rule, rule.Condition!))]);
        broken = [.. rules.Where(rule => rule.Condition is null).Select(rule => (rule, rule.Mistake ?? ""))];
    }

    public RuleMatches<CompiledRule> Match(EventScope happened)
    {
        var matches = index.Match(happened.Payload, happened.For, happened.Created, UnmatchedMax, happened.ForConditions);
        return broken.Length == 0 ? matches : matches with { Failed = [.. matches.Failed, .. broken] };
    }

    /// <summary>The same of one rule alone.</summary>
    public static RuleMatches<CompiledRule> Match(CompiledRule rule, EventScope happened)
    {
        var (verdict, why) = rule.Condition is { } condition
            ? condition.Evaluate(happened.Payload, () => happened.For(rule), happened.Created, happened.ForConditions)
            : new(ConditionVerdict.Failed, rule.Mistake);
        return new()
        {
            Matched = verdict is ConditionVerdict.Matched ? [rule] : [],
            Failed = verdict is ConditionVerdict.Failed ? [(rule, why ?? "")] : [],
            Unmatched = verdict is ConditionVerdict.Unmatched ? [(rule, why ?? "")] : [],
            UnmatchedCount = verdict is ConditionVerdict.Unmatched ? 1 : 0,
        };
    }
}
