using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Identities;

sealed record ApiToken
{
    public required long Id { get; init; }
    public required string Name { get; init; }
    public required string IdentityLogin { get; init; }
    public required DateTimeOffset Created { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? LastUsedAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }
}

sealed record CreatedApiToken(ApiToken ApiToken, string Text);

/// <summary>Long-lived credentials for programs, with all the rights of their identity. Only their hash is kept.</summary>
sealed class ApiTokens(NpgsqlDataSource db, IdentityStore identities, CallerCache callers, TimeProvider clock)
{
    public const string Prefix = "att_";

    const int NameLengthMax = 128;

    static readonly TimeSpan LifetimeMin = TimeSpan.FromMinutes(1);
    static readonly TimeSpan LifetimeMax = TimeSpan.FromDays(366);
    static readonly TimeSpan LifetimeDefault = TimeSpan.FromDays(90);

    const string Columns = """
        api_token.id, api_token.name, identity.login as identity_login, api_token.created, api_token.expires_at,
            api_token.last_used_at, api_token.revoked_at
        """;

    const string Insert = $"""
        with api_token as (
            insert into api_token (identity, name, token_hash, expires_at)
            values (@identityId, @name, @hash, @expiresAt)
            returning *
        )
        select {Columns}
        from api_token
        join identity on identity.id = api_token.identity
        """;

    public async Task<Result<CreatedApiToken>> CreateAsync(string name, TimeSpan? lifetime, Caller caller, CancellationToken ct)
    {
        if (IdentityRules.RefuseWithoutIdentity(caller) is { } nobody)
            return nobody;
        if (string.IsNullOrWhiteSpace(name) || name.Length > NameLengthMax || name.Any(char.IsControl))
            return Failure.Invalid("NAME_INVALID", "name", $"1 to {NameLengthMax} characters that say what the token is for.");

        var lives = lifetime ?? LifetimeDefault;
        if (lives < LifetimeMin || lives > LifetimeMax)
            return Failure.Invalid("TTL_INVALID", "ttl", "1 minute to 1 year.");

        var token = NewToken.Create(Prefix);
        await using var connection = await db.OpenConnectionAsync(ct);
        var row = await connection.QuerySingleAsync<ApiToken>(new CommandDefinition(
            Insert,
            new { identityId = caller.IdentityId, name, hash = token.Hash, expiresAt = clock.GetUtcNow() + lives },
            cancellationToken: ct));
        return new CreatedApiToken(row, token.Text);
    }

    const string SelectOf = $"""
        select {Columns}
        from api_token
        join identity on identity.id = api_token.identity
        where identity.id = @identityId
        order by api_token.id desc
        limit 1000
        """;

    /// <summary>Newest first. Empty <paramref name="login"/>: the caller's own.</summary>
    public async Task<Result<List<ApiToken>>> ListAsync(string login, Caller caller, CancellationToken ct)
    {
        var isOwn = login is "" || string.Equals(login, caller.Login, StringComparison.OrdinalIgnoreCase);
        if (!isOwn && !caller.May("identities", "read"))
            return Caller.Denied("identities", "read", "to see another's tokens");

        var identityId = isOwn ? caller.IdentityId : (await identities.FindAsync(login, ct))?.Id;
        if (identityId is null)
            return IdentityRules.NotFound(login);

        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<ApiToken>(
            new CommandDefinition(SelectOf, new { identityId }, cancellationToken: ct))).AsList();
    }

    const string Revoke = $"""
        with api_token as (
            update api_token
            set revoked_at = coalesce(revoked_at, @now)
            where id = @id and (@any or identity = @identityId)
            returning *
        )
        select {Columns}
        from api_token
        join identity on identity.id = api_token.identity
        """;

    public async Task<Result<ApiToken>> RevokeAsync(long id, Caller caller, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var row = await connection.QuerySingleOrDefaultAsync<ApiToken>(new CommandDefinition(
            Revoke,
            new { id, identityId = caller.IdentityId, any = caller.May("identities", "update"), now = clock.GetUtcNow() },
            cancellationToken: ct));
        if (row is null)
            return Failure.NotFound("TOKEN_NOT_FOUND", $"You have no API token {id}.");

        callers.Forget();
        return row;
    }
}
