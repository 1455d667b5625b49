using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Identities;

/// <summary>Somebody must be able to let the others in. Used from the server's own command line only, never by an rpc.</summary>
sealed class FirstAdmin(NpgsqlDataSource db, IdentityStore identities, PasswordHashing passwords)
{
    const string AdminRef = "core.admin";

    // The core pack has the set too and takes it over; this only must not depend on who comes first.
    const string EnsureSet = """
        insert into permission_set (ref, label, grants)
        values (@AdminRef, 'May do everything', '[{"resource": "*", "actions": ["*"]}]')
        on conflict (ref) do nothing
        """;

    /// <summary>An identity that may do everything. Reasons: LOGIN_INVALID, LOGIN_TAKEN, PASSWORD_TOO_SHORT.</summary>
    public async Task<Result<Identity>> CreateAsync(string login, string password, CancellationToken ct)
    {
        if (!IdentityRules.IsLogin(login))
            return Failure.Invalid("LOGIN_INVALID", "login", "1 to 128 letters, digits and . _ @ -, beginning with a letter or digit.");
        if (IdentityRules.CheckPassword(password, "password") is { } refused)
            return refused;

        var hash = await passwords.HashAsync(password, ct);
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(EnsureSet, new { AdminRef }, transaction, cancellationToken: ct));
        var setId = await connection.QuerySingleAsync<long>(new CommandDefinition(
            "select id from permission_set where ref = @AdminRef", new { AdminRef }, transaction, cancellationToken: ct));
        if (await IdentityStore.InsertAsync(transaction, login, "", hash, "{}", ct) is not { } id)
            return new Failure(FailureKind.AlreadyExists, "LOGIN_TAKEN", $"There is an identity '{login}' already.");

        await PermissionSetStore.AssignAsync(transaction, id, [setId], ct);
        await transaction.CommitAsync(ct);
        return await identities.FindAsync(id, ct) is { } identity ? identity : IdentityRules.NotFound(login);
    }
}
