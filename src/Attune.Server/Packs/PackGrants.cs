using Attune.Engine.Timers;
using Attune.Packs;
using Attune.Server.Hosting;
using Attune.Server.Identities;

namespace Attune.Server.Packs;

/// <summary>
/// A pack hands rights on: the permission sets that it brings can be assigned, and an action that names sets runs with a token for
/// them; its rules start actions. So whoever installs it must hold all of that; otherwise a pack would be a way to every right.
/// </summary>
sealed class PackGrants(PermissionAssignments assignments)
{
    public async Task<Failure?> RefuseAsync(Caller caller, string pack, PackContent content, CancellationToken ct)
    {
        if (content.Rules.Select(rule => PackNames.PackOf(rule.Action)).Distinct().FirstOrDefault(of => !caller.May("executions", "start", of)) is { } closed)
            return Caller.Denied("executions", "start", $"in pack '{closed}', whose actions this pack's rules start");

        if (content.Rules.Where(rule => !Schedule.IsTimer(rule.Trigger)).Select(rule => PackNames.PackOf(rule.Trigger)).Distinct()
                .FirstOrDefault(of => !caller.May("events", "read", of)) is { } hidden)
        {
            return Caller.Denied("events", "read", $"in pack '{hidden}', whose events this pack's rules read");
        }

        var named = content.Actions.SelectMany(action => action.PermissionSets).Distinct().ToList();
        if (content.PermissionSets.Count == 0 && named.Count == 0)
            return null;
        if (!caller.May("permission_sets", "assign", pack))
            return Caller.Denied("permission_sets", "assign", $"in pack '{pack}', which brings permission sets or asks for them");

        var exceeding = content.PermissionSets.FirstOrDefault(set => !GrantJson.Parse(set.Grants).All(caller.Holds));
        if (exceeding is not null)
            return PermissionAssignments.Exceeds($"permission set '{exceeding.Ref}'");

        // A set that does not exist is a mistake of the pack, reported with its file and line by the check of references.
        var others = named.Except(content.PermissionSets.Select(set => set.Ref)).ToList();
        return (await assignments.FindAssignableAsync(others, caller, ct)).IsOk(out _, out var failure) || failure.Kind is FailureKind.NotFound
            ? null
            : failure;
    }
}
