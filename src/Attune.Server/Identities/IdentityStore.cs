using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Identities;

sealed class IdentityStore(NpgsqlDataSource db)
{
    const string Columns = """
        identity.id, identity.login, identity.display_name, identity.attributes::text as attributes,
            identity.password_hash is not null as has_password, identity.created, identity.updated,
            array(
                select permission_set.ref
                from permission_assignment
                join permission_set on permission_set.id = permission_assignment.permset
                where permission_assignment.identity = identity.id
                order by permission_set.ref
            ) as permission_sets
        """;

    const string SelectByLogin = $"""
        select {Columns}
        from identity
        where lower(identity.login) = lower(@login)
        """;

    public async Task<Identity?> FindAsync(string login, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<Identity>(
            new CommandDefinition(SelectByLogin, new { login }, cancellationToken: ct));
    }

    const string SelectById = $"""
        select {Columns}
        from identity
        where identity.id = @id
        """;

    public async Task<Identity?> FindAsync(long id, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<Identity>(
            new CommandDefinition(SelectById, new { id }, cancellationToken: ct));
    }

    // A login is unique without regard to case, so its lower case is the key of the list's order.
    const string SelectPage = $"""
        select {Columns}
        from identity
        where lower(identity.login) > @After
        order by lower(identity.login)
        limit @Limit
        """;

    public async Task<IReadOnlyList<Identity>> ListAsync(PageRequest<string> page, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<Identity>(
            new CommandDefinition(SelectPage, new { page.After, page.Limit }, cancellationToken: ct))).AsList();
    }

    const string Insert = """
        insert into identity (login, display_name, password_hash, attributes)
        values (@login, nullif(@displayName, ''), @passwordHash, @attributes::jsonb)
        on conflict (lower(login)) do nothing
        returning id
        """;

    /// <summary>Null when the login is taken.</summary>
    public static async Task<long?> InsertAsync(
        NpgsqlTransaction transaction, string login, string displayName, string? passwordHash, string attributes, CancellationToken ct)
        => await transaction.Connection!.QuerySingleOrDefaultAsync<long?>(new CommandDefinition(
            Insert, new { login, displayName, passwordHash, attributes }, transaction, cancellationToken: ct));

    const string Update = """
        update identity
        set display_name = case when @changesName then nullif(@DisplayName, '') else display_name end,
            attributes = case when @changesAttributes then @Attributes::jsonb else attributes end
        where lower(login) = lower(@Login)
            and (@Updated::timestamptz is null or updated = @Updated)
        """;

    /// <summary>False when there is no such identity, or it changed since <paramref name="command"/>'s stamp.</summary>
    public async Task<bool> UpdateAsync(UpdateIdentityCommand command, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(new CommandDefinition(
            Update,
            new
            {
                command.Login,
                command.DisplayName,
                command.Attributes,
                command.Updated,
                changesName = command.Fields.Contains(UpdateIdentityCommand.DisplayNameField),
                changesAttributes = command.Fields.Contains(UpdateIdentityCommand.AttributesField),
            },
            cancellationToken: ct)) == 1;
    }

    const string Delete = "delete from identity where lower(login) = lower(@login)";

    public static async Task<bool> DeleteAsync(NpgsqlTransaction transaction, string login, CancellationToken ct)
        => await transaction.Connection!.ExecuteAsync(
            new CommandDefinition(Delete, new { login }, transaction, cancellationToken: ct)) == 1;

    const string SelectPassword = "select id, login, password_hash from identity where lower(login) = lower(@login)";

    public async Task<StoredPassword?> FindPasswordAsync(string login, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<StoredPassword>(
            new CommandDefinition(SelectPassword, new { login }, cancellationToken: ct));
    }

    // Guarded: a password that was set meanwhile is the one that counts.
    const string Rehash = """
        update identity
        set password_hash = @hash
        where id = @Id and password_hash = @PasswordHash
        """;

    public async Task RehashPasswordAsync(StoredPassword stored, string hash, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(
            new CommandDefinition(Rehash, new { hash, stored.Id, stored.PasswordHash }, cancellationToken: ct));
    }

    const string SetPassword = """
        with ended as (
            update refresh_token
            set revoked_at = @now
            where identity = @id and revoked_at is null
        )
        update identity
        set password_hash = @hash
        where id = @id
        """;

    /// <summary>Ends every refresh token of the identity in the same statement.</summary>
    public async Task SetPasswordAsync(long id, string hash, DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(SetPassword, new { id, hash, now }, cancellationToken: ct));
    }
}

sealed record StoredPassword
{
    public required long Id { get; init; }
    public required string Login { get; init; }
    public string? PasswordHash { get; init; }
}
