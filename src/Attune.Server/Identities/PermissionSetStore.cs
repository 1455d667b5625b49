using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Identities;

sealed class PermissionSetStore(NpgsqlDataSource db)
{
    const string Columns = "id, ref, pack_ref, label, description, grants::text as grants";

    const string SelectPage = $"""
        select {Columns}
        from permission_set
        where ref > @After
        order by ref
        limit @Limit
        """;

    public async Task<IReadOnlyList<PermissionSet>> ListAsync(PageRequest<string> page, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<PermissionSet>(
            new CommandDefinition(SelectPage, new { page.After, page.Limit }, cancellationToken: ct))).AsList();
    }

    const string SelectByRefs = $"""
        select {Columns}
        from permission_set
        where ref = any (@refs)
        """;

    public async Task<IReadOnlyList<PermissionSet>> FindAsync(string[] refs, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<PermissionSet>(
            new CommandDefinition(SelectByRefs, new { refs }, cancellationToken: ct))).AsList();
    }

    const string Assign = """
        insert into permission_assignment (identity, permset)
        select @identityId, permset
        from unnest(@permissionSetIds) as permset
        on conflict (identity, permset) do nothing
        """;

    public static Task AssignAsync(NpgsqlTransaction transaction, long identityId, long[] permissionSetIds, CancellationToken ct)
        => transaction.Connection!.ExecuteAsync(
            new CommandDefinition(Assign, new { identityId, permissionSetIds }, transaction, cancellationToken: ct));

    const string Unassign = "delete from permission_assignment where identity = @identityId and permset = @permissionSetId";

    public static Task UnassignAsync(NpgsqlTransaction transaction, long identityId, long permissionSetId, CancellationToken ct)
        => transaction.Connection!.ExecuteAsync(
            new CommandDefinition(Unassign, new { identityId, permissionSetId }, transaction, cancellationToken: ct));

    // "attune" as a number, and which of its locks.
    const long AdminLock = 0x617474756e65_03;

    const string Lock = "select pg_advisory_xact_lock(@lockId)";

    const string CountAdmins = """
        select count(distinct permission_assignment.identity)
        from permission_assignment
        join permission_set on permission_set.id = permission_assignment.permset
        where exists (
            select
            from jsonb_array_elements(permission_set.grants) as granted
            where granted @> '{"resource": "*", "actions": ["*"]}'
                and coalesce(granted -> 'constraints', '{}') in ('{}', 'null')
                and coalesce(granted -> 'packs', '[]') = '[]'
        )
        """;

    /// <summary>Those who may do everything. Until the transaction ends nobody else counts, so two cannot leave together.</summary>
    public static async Task<long> CountAdminsAsync(NpgsqlTransaction transaction, CancellationToken ct)
    {
        var connection = transaction.Connection!;
        await connection.ExecuteAsync(new CommandDefinition(Lock, new { lockId = AdminLock }, transaction, cancellationToken: ct));
        return await connection.QuerySingleAsync<long>(new CommandDefinition(CountAdmins, transaction: transaction, cancellationToken: ct));
    }
}
