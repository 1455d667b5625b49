using System.Collections.Concurrent;
using Attune.Packs;
using Attune.Server.Triggers;

namespace Attune.Server.Rules;

/// <summary>
/// Compiled rules in memory: all of one trigger together, with their index, and single ones by ref for events that are meant for one rule
/// alone. What did not change is not compiled again.
/// </summary>
sealed class RuleCatalog
{
    const int CompiledMax = 200_000;

    readonly RuleStore store;
    readonly RefCache<TriggerRules> byTrigger;
    readonly RefCache<CompiledRule> byRef;

    // Survives Forget: a rule of the same version is the same rule.
    readonly ConcurrentDictionary<long, CompiledRule> compiled = new();

    public RuleCatalog(RuleStore store)
    {
        this.store = store;
        byTrigger = new(LoadOfTriggerAsync);
        byRef = new(LoadAsync);
    }

    public async ValueTask<TriggerRules> OfTriggerAsync(TriggerDefinition trigger, CancellationToken ct)
        => (await byTrigger.FindAsync(trigger.Ref, ct))!;

    public ValueTask<CompiledRule?> FindAsync(string ruleRef, CancellationToken ct)
        => ruleRef.Length > PackNames.MaxLength || ruleRef.Contains('\0') ? new((CompiledRule?)null) : byRef.FindAsync(ruleRef, ct);

    /// <summary>Reads these as they are now, all at once, for who is about to ask for them and must not miss a change.</summary>
    public async Task RefreshAsync(IReadOnlyCollection<string> ruleRefs, CancellationToken ct)
    {
        var generation = byRef.Present;
        foreach (var row in await store.FindAsync([.. ruleRefs], ct))
            generation.Add(row.Ref, Compile(row));
    }

    /// <summary>After any change of rules or packs.</summary>
    public void Forget()
    {
        byTrigger.Forget();
        byRef.Forget();
    }

    async Task<TriggerRules?> LoadOfTriggerAsync(string triggerRef, CancellationToken ct)
        => new TriggerRules([.. (await store.ListOfTriggerAsync(triggerRef, ct)).Select(Compile)]);

    async Task<CompiledRule?> LoadAsync(string ruleRef, CancellationToken ct)
        => await store.FindAsync(ruleRef, ct) is { } row ? Compile(row) : null;

    CompiledRule Compile(RuleRow row)
    {
        if (compiled.TryGetValue(row.Id, out var known) && known.Version == row.Version)
            return known;

        // Deleted ones would stay for ever.
        if (compiled.Count >= CompiledMax)
            compiled.Clear();
        return compiled[row.Id] = CompiledRule.From(row);
    }
}
