using Attune.Server.Hosting;
using Npgsql;

namespace Attune.Server.Identities;

sealed record CreateIdentityCommand(
    string Login, string DisplayName, string Password, string Attributes, IReadOnlyList<string> PermissionSets);

sealed record UpdateIdentityCommand(
    string Login, string DisplayName, string Attributes, IReadOnlySet<string> Fields, DateTimeOffset? Updated)
{
    public const string DisplayNameField = "display_name";
    public const string AttributesField = "attributes";
}

/// <summary>Who there is.</summary>
sealed class IdentityDirectory(
    NpgsqlDataSource db, IdentityStore store, PasswordHashing passwords, PermissionAssignments assignments, CallerCache callers)
{
    public async Task<Result<Identity>> CreateAsync(CreateIdentityCommand command, Caller caller, CancellationToken ct)
    {
        if (!IdentityRules.IsLogin(command.Login))
            return Failure.Invalid("LOGIN_INVALID", "login", "1 to 128 letters, digits and . _ @ -, beginning with a letter or digit.");
        if (command.Password is not "" && IdentityRules.CheckPassword(command.Password, "password") is { } refused)
            return refused;
        if (command.PermissionSets.Count > 0 && !caller.May("permission_sets", "assign"))
            return Caller.Denied("permission_sets", "assign", "to give the new identity permission sets");
        if (!(await assignments.FindAssignableAsync(command.PermissionSets, caller, ct)).IsOk(out var sets, out var failure))
            return failure;

        var hash = command.Password is "" ? null : await passwords.HashAsync(command.Password, ct);
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (await IdentityStore.InsertAsync(transaction, command.Login, command.DisplayName, hash, command.Attributes, ct) is not { } id)
            return new Failure(FailureKind.AlreadyExists, "LOGIN_TAKEN", $"There is an identity '{command.Login}' already.");

        await PermissionSetStore.AssignAsync(transaction, id, [.. sets.Select(set => set.Id)], ct);
        await transaction.CommitAsync(ct);
        return await GetAsync(command.Login, ct);
    }

    public async Task<Result<Identity>> GetAsync(string login, CancellationToken ct)
        => await store.FindAsync(login, ct) is { } identity ? identity : IdentityRules.NotFound(login);

    /// <summary>By login.</summary>
    public async Task<Result<Page<Identity>>> ListAsync(int pageSize, string pageToken, CancellationToken ct)
    {
        if (!Paging.Ascending(pageSize, pageToken).IsOk(out var page, out var failure))
            return failure;
        return page.Cut(await store.ListAsync(page, ct), identity => identity.Login.ToLowerInvariant());
    }

    public async Task<Result<Identity>> UpdateAsync(UpdateIdentityCommand command, CancellationToken ct)
    {
        if (command.Fields.Count == 0
            || !command.Fields.IsSubsetOf([UpdateIdentityCommand.DisplayNameField, UpdateIdentityCommand.AttributesField]))
            return Failure.Invalid("UPDATE_MASK_INVALID", "update_mask", "Name one or more of display_name, attributes.");

        var updated = await store.UpdateAsync(command, ct);
        var identity = await GetAsync(command.Login, ct);
        return updated || !identity.IsOk(out _, out _)
            ? identity
            : new Failure(FailureKind.Stale, "STALE_UPDATE", $"'{command.Login}' was changed since you read it. Read it again.");
    }

    public async Task<Failure?> DeleteAsync(string login, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var admins = await PermissionSetStore.CountAdminsAsync(transaction, ct);
        if (!await IdentityStore.DeleteAsync(transaction, login, ct))
            return IdentityRules.NotFound(login);
        if (admins > 0 && await PermissionSetStore.CountAdminsAsync(transaction, ct) == 0)
            return PermissionAssignments.LastAdmin(login);

        await transaction.CommitAsync(ct);
        callers.Forget();
        return null;
    }
}
