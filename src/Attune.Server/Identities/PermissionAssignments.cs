using Attune.Server.Hosting;
using Npgsql;

namespace Attune.Server.Identities;

/// <summary>Who may what. Nobody gives away more than they hold, and somebody who may do everything always remains.</summary>
sealed class PermissionAssignments(NpgsqlDataSource db, IdentityStore identities, PermissionSetStore sets, CallerCache callers)
{
    /// <summary>By ref.</summary>
    public async Task<Result<Page<PermissionSet>>> ListAsync(int pageSize, string pageToken, CancellationToken ct)
    {
        if (!Paging.Ascending(pageSize, pageToken).IsOk(out var page, out var failure))
            return failure;
        return page.Cut(await sets.ListAsync(page, ct), set => set.Ref);
    }

    public async Task<Result<Identity>> AssignAsync(string login, string permissionSetRef, Caller caller, CancellationToken ct)
    {
        if (await identities.FindAsync(login, ct) is not { } identity)
            return IdentityRules.NotFound(login);
        if (!(await FindAssignableAsync([permissionSetRef], caller, ct)).IsOk(out var found, out var failure))
            return failure;

        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await PermissionSetStore.AssignAsync(transaction, identity.Id, [found[0].Id], ct);
        await transaction.CommitAsync(ct);
        return await ReadAgainAsync(login, ct);
    }

    public async Task<Result<Identity>> UnassignAsync(string login, string permissionSetRef, CancellationToken ct)
    {
        if (await identities.FindAsync(login, ct) is not { } identity)
            return IdentityRules.NotFound(login);
        if (await sets.FindAsync([permissionSetRef], ct) is not [var set])
            return NoSet(permissionSetRef);

        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var admins = await PermissionSetStore.CountAdminsAsync(transaction, ct);
        await PermissionSetStore.UnassignAsync(transaction, identity.Id, set.Id, ct);
        if (admins > 0 && await PermissionSetStore.CountAdminsAsync(transaction, ct) == 0)
            return LastAdmin(login);

        await transaction.CommitAsync(ct);
        return await ReadAgainAsync(login, ct);
    }

    /// <summary>The sets, if they exist and the caller holds everything that they grant.</summary>
    public async Task<Result<List<PermissionSet>>> FindAssignableAsync(
        IReadOnlyList<string> refs, Caller caller, CancellationToken ct)
    {
        if (refs.Count == 0)
            return new List<PermissionSet>();

        var found = await sets.FindAsync([.. refs.Distinct()], ct);
        if (refs.Except(found.Select(set => set.Ref)).FirstOrDefault() is { } missing)
            return NoSet(missing);
        if (found.FirstOrDefault(set => !GrantJson.Parse(set.Grants).All(caller.Holds)) is { } exceeding)
            return Exceeds($"permission set '{exceeding.Ref}'");
        return found.ToList();
    }

    public static Failure Exceeds(string what) => new(
        FailureKind.Denied, "GRANT_EXCEEDS_OWN", $"You do not hold everything that {what} grants, so you cannot hand it on.");

    public static Failure LastAdmin(string login) => new(
        FailureKind.Refused, "LAST_ADMIN", $"'{login}' is the last who may do everything. Give core.admin to somebody else first.");

    static Failure NoSet(string permissionSetRef)
        => Failure.NotFound("PERMISSION_SET_NOT_FOUND", $"No permission set '{permissionSetRef}'.");

    async Task<Result<Identity>> ReadAgainAsync(string login, CancellationToken ct)
    {
        callers.Forget();
        return await identities.FindAsync(login, ct) is { } identity ? identity : IdentityRules.NotFound(login);
    }
}
