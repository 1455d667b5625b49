using Attune.Engine.Schemas;
using Attune.Packs;

namespace Attune.Server.Triggers;

/// <summary>Triggers by ref, in memory: a known one costs a dictionary look-up.</summary>
sealed class TriggerCatalog(TriggerStore store)
{
    readonly RefCache<TriggerDefinition> known = new(async (reference, ct) => (await store.FindAsync(reference, ct))?.ToDefinition());

    /// <summary>Null where there is no such trigger. Disabled ones are answered too.</summary>
    public ValueTask<TriggerDefinition?> FindAsync(string triggerRef, CancellationToken ct)
        => triggerRef.Length > PackNames.MaxLength || triggerRef.Contains('\0') ? new((TriggerDefinition?)null) : known.FindAsync(triggerRef, ct);

    /// <summary>`No trigger 'x'. Did you mean 'y'?`</summary>
    public async ValueTask<string> DescribeMissingAsync(string triggerRef, CancellationToken ct)
    {
        if (triggerRef is "")
            return "is empty. Name a trigger: pack.trigger.";
        var near = triggerRef.Length > PackNames.MaxLength ? null : NearestName.Find(triggerRef, await store.ListRefsAsync(ct));
        return near is null ? $"No trigger '{Cut(triggerRef)}'." : $"No trigger '{triggerRef}'. Did you mean '{near}'?";
    }

    /// <summary>After any change of triggers or packs.</summary>
    public void Forget() => known.Forget();

    static string Cut(string text) => text.Length <= 150 ? text : text[..150] + "…";
}
