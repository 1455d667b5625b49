using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Identities;

sealed record RefreshToken(string Text, DateTimeOffset ExpiresAt, long IdentityId)
{
    public override string ToString() => $"refresh token of identity {IdentityId}";
}

/// <summary>
/// Single-use tokens that carry a login on. All that descend from one login are a family; one that comes a second time was
/// stolen from or by somebody, so the whole family ends.
/// </summary>
sealed class RefreshTokens(NpgsqlDataSource db, TimeProvider clock)
{
    const string Prefix = "atr_";

    static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    public async Task<RefreshToken> BeginAsync(long identityId, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await InsertAsync(connection, null, identityId, Guid.CreateVersion7(clock.GetUtcNow()), ct);
    }

    const string SelectForUpdate = """
        select identity as identity_id, family, expires_at, used_at, revoked_at
        from refresh_token
        where token_hash = @hash
        for update
        """;

    const string Use = "update refresh_token set used_at = @now where token_hash = @hash";

    public async Task<Result<RefreshToken>> RotateAsync(string token, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var hash = NewToken.HashOf(token);
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            new CommandDefinition(SelectForUpdate, new { hash }, transaction, cancellationToken: ct));
        if (row is null || row.RevokedAt is not null || row.ExpiresAt <= now)
            return Invalid();

        if (row.UsedAt is not null)
        {
            await RevokeFamilyAsync(transaction, row.Family, now, ct);
            await transaction.CommitAsync(ct);
            return Invalid();
        }

        await connection.ExecuteAsync(new CommandDefinition(Use, new { hash, now }, transaction, cancellationToken: ct));
        var next = await InsertAsync(connection, transaction, row.IdentityId, row.Family, ct);
        await transaction.CommitAsync(ct);
        return next;
    }

    const string Insert = """
        insert into refresh_token (identity, family, token_hash, expires_at)
        values (@identityId, @family, @hash, @expiresAt)
        """;

    async Task<RefreshToken> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, long identityId, Guid family, CancellationToken ct)
    {
        var token = NewToken.Create(Prefix);
        var expiresAt = clock.GetUtcNow() + Lifetime;
        await connection.ExecuteAsync(new CommandDefinition(
            Insert, new { identityId, family, hash = token.Hash, expiresAt }, transaction, cancellationToken: ct));
        return new(token.Text, expiresAt, identityId);
    }

    const string RevokeFamily = """
        update refresh_token
        set revoked_at = @now
        where family = @family and revoked_at is null
        """;

    static Task<int> RevokeFamilyAsync(NpgsqlTransaction transaction, Guid family, DateTimeOffset now, CancellationToken ct)
        => transaction.Connection!.ExecuteAsync(
            new CommandDefinition(RevokeFamily, new { family, now }, transaction, cancellationToken: ct));

    static Failure Invalid()
        => new(FailureKind.Unauthenticated, "REFRESH_TOKEN_INVALID", "The refresh token is unknown, used or expired. Log in again.");

    sealed record Row
    {
        public required long IdentityId { get; init; }
        public required Guid Family { get; init; }
        public required DateTimeOffset ExpiresAt { get; init; }
        public DateTimeOffset? UsedAt { get; init; }
        public DateTimeOffset? RevokedAt { get; init; }
    }
}
