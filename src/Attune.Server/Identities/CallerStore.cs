using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Identities;

sealed record FoundCaller(Caller Caller, DateTimeOffset ExpiresAt, long? TokenId);

/// <summary>Who is behind a valid token, with the grants in force now.</summary>
sealed class CallerStore(NpgsqlDataSource db)
{
    const string ByIdentity = """
        select identity.id, identity.login, null::bigint as token_id, null::timestamptz as expires_at,
            array_agg(permission_set.grants::text) filter (where permission_set.id is not null) as grants
        from identity
        left join permission_assignment on permission_assignment.identity = identity.id
        left join permission_set on permission_set.id = permission_assignment.permset
        where identity.id = @identityId
        group by identity.id
        """;

    public async Task<FoundCaller?> FindByIdentityAsync(long identityId, CancellationToken ct)
        => (await FindAsync(ByIdentity, new { identityId }, ct))?.ToCaller();

    const string ByApiToken = """
        select identity.id, identity.login, api_token.id as token_id, api_token.expires_at,
            array_agg(permission_set.grants::text) filter (where permission_set.id is not null) as grants
        from api_token
        join identity on identity.id = api_token.identity
        left join permission_assignment on permission_assignment.identity = identity.id
        left join permission_set on permission_set.id = permission_assignment.permset
        where api_token.token_hash = @hash
            and api_token.revoked_at is null
            and (api_token.expires_at is null or api_token.expires_at > @now)
        group by identity.id, api_token.id
        """;

    public async Task<FoundCaller?> FindByApiTokenAsync(byte[] hash, DateTimeOffset now, CancellationToken ct)
        => (await FindAsync(ByApiToken, new { hash, now }, ct))?.ToCaller();

    // A token ends with its execution, whatever lifetime it was given.
    const string ByExecution = """
        select execution.id, '' as login, null::bigint as token_id, null::timestamptz as expires_at,
            (select array_agg(permission_set.grants::text) from permission_set where permission_set.ref = any (@permissionSets)) as grants
        from execution
        where execution.id = @executionId
            and execution.status not in ('completed', 'failed', 'timeout', 'cancelled', 'abandoned')
        """;

    public async Task<FoundCaller?> FindByExecutionAsync(long executionId, string[] permissionSets, CancellationToken ct)
    {
        if (await FindAsync(ByExecution, new { executionId, permissionSets }, ct) is not { } row)
            return null;

        var caller = new Caller
        {
            IdentityId = 0,
            Login = $"execution:{executionId}",
            Grants = row.ParseGrants(),
            ExecutionId = executionId,
        };
        return new(caller, DateTimeOffset.MaxValue, null);
    }

    async Task<Row?> FindAsync(string sql, object parameters, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(sql, parameters, cancellationToken: ct));
    }

    sealed record Row
    {
        public required long Id { get; init; }
        public required string Login { get; init; }
        public long? TokenId { get; init; }
        public DateTimeOffset? ExpiresAt { get; init; }
        public string[]? Grants { get; init; }

        public IReadOnlyList<AccessGrant> ParseGrants() => [.. (Grants ?? []).SelectMany(GrantJson.Parse)];

        public FoundCaller ToCaller() => new(
            new() { IdentityId = Id, Login = Login, Grants = ParseGrants() }, ExpiresAt ?? DateTimeOffset.MaxValue, TokenId);
    }
}
