using Attune.Server.Actions;
using Attune.Server.Rules;
using Attune.Server.Triggers;

namespace Attune.Server.Packs;

/// <summary>What this replica keeps in memory of packs' parts. Others hear of a change by NOTIFY; who made it here finds it at once.</summary>
sealed class PartCatalogs(ActionCatalog actions, TriggerCatalog triggers, RuleCatalog rules)
{
    /// <summary>After the commit of any change of packs, actions, triggers or rules.</summary>
    public void Forget()
    {
        actions.Forget();
        triggers.Forget();
        rules.Forget();
    }
}
