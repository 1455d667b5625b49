using Attune.Packs;
using Dapper;
using Npgsql;

namespace Attune.Server.Packs;

/// <summary>
/// Takes away the parts that a new release no longer has, inside a transaction of the caller's, and joins again what other packs kept
/// only by ref. What was made ad hoc stays. History keeps its refs.
/// </summary>
static class PartRemover
{
    // Whatever names a thing goes before the thing.
    static readonly (string Sql, Func<PackContent, IEnumerable<string>> Kept)[] Steps =
    [
        (
            "delete from sensor where pack = @pack and not is_adhoc and ref <> all(@kept) returning 'sensor ' || ref",
            content => content.Sensors.Select(part => part.Ref)),
        (
            "delete from rule where pack = @pack and not is_adhoc and ref <> all(@kept) returning 'rule ' || ref",
            content => content.Rules.Select(part => part.Ref)),
        (
            "delete from action where pack = @pack and not is_adhoc and ref <> all(@kept) returning 'action ' || ref",
            content => content.Actions.Select(part => part.Ref)),
        (
            "delete from trigger where pack = @pack and not is_adhoc and ref <> all(@kept) returning 'trigger ' || ref",
            content => content.Triggers.Select(part => part.Ref)),
        (
            "delete from runtime where pack = @pack and ref <> all(@kept) returning 'runtime ' || ref",
            content => content.Runtimes.Select(part => part.Ref)),
        (
            "delete from permission_set where pack = @pack and ref <> all(@kept) returning 'permission_set ' || ref",
            content => content.PermissionSets.Select(part => part.Ref)),
    ];

    const string DeleteWorkflows = """
        delete from workflow_definition
        where pack = @pack
          and not exists (select from action where action.workflow_def = workflow_definition.id)
        """;

    const string DeletePolicies = """
        delete from policy
        where ref = any(@refs)
        returning 'policy ' || ref
        """;

    const string Relink = """
        update rule set action = action.id
        from action
        where rule.action is null and rule.action_ref = action.ref and action.pack = @pack;

        update rule set trigger = trigger.id
        from trigger
        where rule.trigger is null and rule.trigger_ref = trigger.ref and trigger.pack = @pack;
        """;

    /// <param name="connection">In a transaction, after the upserts.</param>
    /// <param name="pack">Its id.</param>
    /// <param name="before">The release that is replaced; null for a new pack.</param>
    /// <param name="content">The release that is installed.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <returns>`action ops.disk_usage` of each part that is gone.</returns>
    public static async Task<IReadOnlyList<string>> RemoveVanishedAsync(
        NpgsqlConnection connection, long pack, PackContent? before, PackContent content, CancellationToken ct)
    {
        var removed = new List<string>();
        foreach (var (sql, kept) in Steps)
        {
            removed.AddRange(await connection.QueryAsync<string>(
                new CommandDefinition(sql, new { pack, kept = kept(content).ToArray() }, cancellationToken: ct)));
        }

        await connection.ExecuteAsync(new CommandDefinition(DeleteWorkflows, new { pack }, cancellationToken: ct));
        if (before is not null)
        {
            var policies = before.Policies.Select(policy => policy.Ref).Except(content.Policies.Select(policy => policy.Ref));
            removed.AddRange(await DeletePoliciesAsync(connection, policies, ct));
        }

        await connection.ExecuteAsync(new CommandDefinition(Relink, new { pack }, cancellationToken: ct));
        return removed;
    }

    /// <summary>A policy belongs to a pack only by its ref: the table's pack is its scope.</summary>
    public static Task<IEnumerable<string>> DeletePoliciesAsync(NpgsqlConnection connection, IEnumerable<string> refs, CancellationToken ct)
        => connection.QueryAsync<string>(new CommandDefinition(DeletePolicies, new { refs = refs.ToArray() }, cancellationToken: ct));
}
