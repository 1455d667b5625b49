using Attune.Engine.Conditions;
using Attune.Engine.Expressions;
using Attune.Server.Triggers;

namespace Attune.Server.Rules;

/// <summary>An event as rules see it. What only expressions need is made when the first one asks.</summary>
sealed class EventScope(
    TriggerDefinition trigger, Value payload, DateTimeOffset created, string origin, string? source, string? key, TimeProvider clock)
{
    // Far more than honest rules need, so that the few hostile ones are what it ends.
    static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(5);

    Value? asValue;

    public TriggerDefinition Trigger => trigger;

    public Value Payload => payload;

    public DateTimeOffset Created => created;

    /// <summary>What the conditions of all its rules may take together.</summary>
    public Patience ForConditions { get; } = new(clock, TimeMax);

    /// <summary>What rendering all their parameters may take: matching rules do not pay for what others asked.</summary>
    public Patience ForParameters { get; } = new(clock, TimeMax);

    public Scope For(CompiledRule rule)
        => new(new Dictionary<string, Value>(3) { ["event"] = AsValue(), ["rule"] = rule.Names, ["pack"] = rule.Pack }, created);

    /// <summary>
    /// What a rule said of an event, as everybody may read it. Where a secret may have been among the values that it saw, they are left out.
    /// </summary>
    public string Shown(CompiledRule rule, string why)
    {
        var hides = rule.MaySeePackSecrets
            || (trigger.Output.HasSecrets && rule.Condition?.LooksAtSecretOf(trigger.Output) is not false);
        return hides ? "It is not said why, because a secret may be part of it." : why.Replace('\0', ' ');
    }

    Value AsValue() => asValue ??= Value.Of(new Dictionary<string, Value>(6)
    {
        ["trigger"] = Value.Of(trigger.Ref),
        ["payload"] = payload,
        ["created"] = Value.Of(created.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF'Z'", System.Globalization.CultureInfo.InvariantCulture)),
        ["origin"] = Value.Of(origin),
        ["source"] = source is null ? Value.Null : Value.Of(source),
        ["key"] = key is null ? Value.Null : Value.Of(key),
    });
}
