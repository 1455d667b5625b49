using Attune.Engine.Timers;
using Attune.Packs;
using Attune.Server.Hosting;
using Attune.Server.Packs;
using Attune.Server.Triggers;
using Google.Protobuf.WellKnownTypes;
using Wire = Attune.V1;

namespace Attune.Server.Rules;

/// <summary>Makes, changes and deletes rules by hand. What comes from a pack is changed with its pack, except whether it is enabled.</summary>
sealed class SaveRule(RuleStore store, CheckRule check, PackStore packs, PartCatalogs catalogs)
{
    static readonly string[] Changeable =
        ["label", "description", "trigger_ref", "trigger_params", "conditions", "action_ref", "action_params", "enabled", "tags"];

    /// <summary>What changes neither what a rule starts nor when.</summary>
    static readonly string[] Harmless = ["label", "description", "tags"];

    public async Task<Result<RuleRow>> CreateAsync(Caller caller, Wire.Rule rule, bool enabled, CancellationToken ct)
    {
        if (PartText.CheckRef(rule.Ref, "rule") is { } refusal)
            return refusal;
        caller.Demand("rules", "create", PackNames.PackOf(rule.Ref));
        DemandStart(caller, rule.ActionRef);
        DemandRead(caller, rule.TriggerRef);
        if (await packs.FindAsync(PackNames.PackOf(rule.Ref), ct) is not { } pack)
            return PackFailures.NotFound(PackNames.PackOf(rule.Ref));

        var text = rule.ToText(enabled);
        if (await check.RunAsync(text, pack.ConfSchema, ct) is { Count: > 0 } violations)
            return Failure.Invalid("RULE_INVALID", violations);
        if (!await store.InsertAsync(text, ct))
            return new Failure(FailureKind.AlreadyExists, "RULE_EXISTS", $"There is a rule '{rule.Ref}' already.");
        catalogs.Forget();
        return await GetAsync(rule.Ref, ct);
    }

    public async Task<Result<RuleRow>> UpdateAsync(Caller caller, Wire.Rule rule, FieldMask? mask, CancellationToken ct)
    {
        caller.Demand("rules", "update", PackNames.PackOf(rule.Ref));
        if (PartText.CheckMask(mask, Changeable) is { } unfit)
            return unfit;
        if (await store.FindAsync(rule.Ref, ct) is not { } row)
            return NotFound(rule.Ref);
        if (!row.IsAdhoc && mask!.Paths.Any(path => path is not "enabled"))
            return NotAdhoc(row, "only `enabled` may be changed");

        var text = row.ToText().With(rule.ToText(rule.Enabled), mask!.Paths);
        if (mask.Paths.Any(path => path is not "enabled" && !Harmless.Contains(path)))
        {
            DemandStart(caller, text.ActionRef);
            DemandRead(caller, text.TriggerRef);
        }

        // A rule that waits for something may still be switched off, and back on.
        if (mask.Paths.Any(path => path is not "enabled") && await check.RunAsync(text, row.PackConfSchema, ct) is { Count: > 0 } violations)
            return Failure.Invalid("RULE_INVALID", violations);

        var updated = await store.UpdateAsync(text, rule.Updated?.ToDateTimeOffset() ?? row.Updated, ct);
        catalogs.Forget();
        return updated ? await GetAsync(rule.Ref, ct) : PartText.Changed("rule", rule.Ref);
    }

    public async Task<Result<RuleRow>> SetEnabledAsync(Caller caller, string reference, bool enabled, CancellationToken ct)
    {
        caller.Demand("rules", "update", PackNames.PackOf(reference));
        if (await store.FindAsync(reference, ct) is null)
            return NotFound(reference);

        await store.SetEnabledAsync(reference, enabled, ct);
        catalogs.Forget();
        return await GetAsync(reference, ct);
    }

    public async Task<Failure?> DeleteAsync(Caller caller, string reference, CancellationToken ct)
    {
        caller.Demand("rules", "delete", PackNames.PackOf(reference));
        if (await store.FindAsync(reference, ct) is not { } row)
            return NotFound(reference);
        if (!row.IsAdhoc)
            return NotAdhoc(row, "it goes with its pack. Disable it instead");

        await store.DeleteAsync(reference, ct);
        catalogs.Forget();
        return null;
    }

    /// <summary>A rule starts its action for whoever made it, so that one must be allowed to.</summary>
    public static void DemandStart(Caller caller, string actionRef)
    {
        if (actionRef is not "")
            caller.Demand("executions", "start", PackNames.PackOf(actionRef));
    }

    /// <summary>A rule hands on what its events carry, so who makes it must be allowed to read them. A timer's carry nothing but times.</summary>
    public static void DemandRead(Caller caller, string triggerRef)
    {
        if (triggerRef is not "" && !Schedule.IsTimer(triggerRef))
            caller.Demand("events", "read", PackNames.PackOf(triggerRef));
    }

    public static Failure NotFound(string reference) => Failure.NotFound("RULE_NOT_FOUND", $"There is no rule '{reference}'.");

    async Task<Result<RuleRow>> GetAsync(string reference, CancellationToken ct)
        => await store.FindAsync(reference, ct) is { } row ? row : NotFound(reference);

    static Failure NotAdhoc(RuleRow row, string consequence)
        => new(FailureKind.Refused, "NOT_ADHOC", $"Rule '{row.Ref}' comes from pack '{row.PackRef}': {consequence}.");
}
