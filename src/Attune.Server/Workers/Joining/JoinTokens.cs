using System.Text.Json;
using Attune.Server.Hosting;
using Attune.Server.Identities;
using Dapper;
using Npgsql;

namespace Attune.Server.Workers.Joining;

sealed record JoinToken
{
    public required long Id { get; init; }
    public required string Role { get; init; }
    public required string Labels { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? UsedAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }
    public string? WorkerName { get; init; }
    public string? CreatedByLogin { get; init; }
    public required DateTimeOffset Created { get; init; }
}

/// <summary>Without a <paramref name="Role"/> it is refused; without a <paramref name="Lifetime"/> the token lives an hour.</summary>
sealed record CreateJoinTokenCommand(JoinRole? Role, IReadOnlyDictionary<string, string> Labels, TimeSpan? Lifetime);

sealed record CreatedJoinToken(JoinToken JoinToken, string Text);

/// <summary>Single-use credentials for joining, bound to a role and labels. Only their hash is kept.</summary>
sealed class JoinTokens(NpgsqlDataSource db, TimeProvider clock)
{
    public const string Prefix = "atj_";

    static readonly TimeSpan LifetimeMin = TimeSpan.FromMinutes(1);
    static readonly TimeSpan LifetimeMax = TimeSpan.FromDays(30);
    static readonly TimeSpan LifetimeDefault = TimeSpan.FromHours(1);

    const string Columns = """
        id, role::text as role, labels::text as labels, expires_at, used_at, revoked_at, worker_name, created_by_login, created
        """;

    const string Insert = $"""
        insert into join_token (token_hash, role, labels, expires_at, created_by, created_by_login)
        values (@hash, @role::attune.worker_role_enum, @labels::jsonb, @expiresAt, @createdBy, @createdByLogin)
        returning {Columns}
        """;

    public async Task<Result<CreatedJoinToken>> CreateAsync(CreateJoinTokenCommand command, Caller caller, CancellationToken ct)
    {
        if (command.Role is not { } role)
            return Failure.Invalid("ROLE_INVALID", "role", "Say what the agent will be: action, sensor or hybrid.");
        if (JoinRules.CheckLabels(command.Labels) is { Count: > 0 } violations)
            return Failure.Invalid("LABELS_INVALID", violations);

        var lifetime = command.Lifetime ?? LifetimeDefault;
        if (lifetime < LifetimeMin || lifetime > LifetimeMax)
            return Failure.Invalid("TTL_INVALID", "ttl", "1 minute to 30 days.");

        var token = NewToken.Create(Prefix);
        await using var connection = await db.OpenConnectionAsync(ct);
        var row = await connection.QuerySingleAsync<JoinToken>(new CommandDefinition(
            Insert,
            new
            {
                hash = token.Hash,
                role = role.ToColumn(),
                labels = JsonSerializer.Serialize(command.Labels),
                expiresAt = clock.GetUtcNow() + lifetime,
                createdBy = caller.IdentityId is 0 ? (long?)null : caller.IdentityId,
                createdByLogin = caller.Login,
            },
            cancellationToken: ct));
        return new CreatedJoinToken(row, token.Text);
    }

    const string Select = $"""
        select {Columns}
        from join_token
        where id < @After
        order by id desc
        limit @Limit
        """;

    /// <summary>Newest first.</summary>
    public async Task<Result<Page<JoinToken>>> ListAsync(int pageSize, string pageToken, CancellationToken ct)
    {
        if (!Paging.NewestFirst(pageSize, pageToken).IsOk(out var page, out var failure))
            return failure;

        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<JoinToken>(
            new CommandDefinition(Select, new { page.After, page.Limit }, cancellationToken: ct));
        return page.Cut(rows.AsList(), row => row.Id);
    }

    const string Revoke = $"""
        update join_token
        set revoked_at = coalesce(revoked_at, @now)
        where id = @id
        returning {Columns}
        """;

    /// <summary>A used token can be revoked too; the worker that it let in stays.</summary>
    public async Task<Result<JoinToken>> RevokeAsync(long id, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var row = await connection.QuerySingleOrDefaultAsync<JoinToken>(
            new CommandDefinition(Revoke, new { id, now = clock.GetUtcNow() }, cancellationToken: ct));
        return row is null ? Failure.NotFound("JOIN_TOKEN_NOT_FOUND", $"No join token {id}.") : row;
    }
}
