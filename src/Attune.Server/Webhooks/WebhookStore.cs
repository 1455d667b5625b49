using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Webhooks;

/// <summary>A trigger that has a webhook key, with the secret that its configuration names.</summary>
sealed record WebhookRow
{
    public required string Key { get; init; }
    public required string TriggerRef { get; init; }
    public required bool IsOpen { get; init; }
    public required string Config { get; init; }

    /// <summary>Null where that key does not exist, or belongs to another pack.</summary>
    public string? SecretValue { get; init; }
    public bool SecretEncrypted { get; init; }
}

/// <summary>A trigger as whoever opens its webhook needs it, locked.</summary>
sealed record WebhookTrigger
{
    public required long Id { get; init; }
    public required string Ref { get; init; }
    public long? Pack { get; init; }
    public string? PackRef { get; init; }
    public required bool WebhookEnabled { get; init; }
    public string? WebhookKey { get; init; }
    public required string WebhookConfig { get; init; }
    public string? OutSchema { get; init; }
}

sealed class WebhookStore(NpgsqlDataSource db)
{
    const string SelectAll = """
        select t.webhook_key as key, t.ref as trigger_ref, t.enabled and t.webhook_enabled as is_open, t.webhook_config::text as config,
            k.value as secret_value, coalesce(k.encrypted, false) as secret_encrypted
        from trigger t
        left join key k
            on k.ref = t.webhook_config #>> '{hmac,secret_key_ref}'
            and k.owner_pack is not distinct from t.pack
        where t.webhook_key is not null
        """;

    public async Task<IReadOnlyList<WebhookRow>> ListAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<WebhookRow>(new CommandDefinition(SelectAll, cancellationToken: ct))).AsList();
    }

    // xmin changes with every insert and update of a row, whatever its times say.
    const string Signature = """
        select concat_ws(' ',
            (select count(*) || ':' || sum(xmin::text::bigint) from trigger where webhook_key is not null),
            (select count(*) || ':' || sum(xmin::text::bigint) from key))
        """;

    /// <summary>A text that differs after any change of a webhook or its secret.</summary>
    public async Task<string> ReadSignatureAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<string>(new CommandDefinition(Signature, cancellationToken: ct));
    }

    const string SelectTrigger = """
        select id, ref, pack, pack_ref, webhook_enabled, webhook_key, webhook_config::text as webhook_config,
            out_schema::text as out_schema
        from trigger
        where ref = @reference
        """;

    const string LockTrigger = $"""
        {SelectTrigger}
        for update
        """;

    public async Task<Result<WebhookTrigger>> FindAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return Found(reference, await connection.QuerySingleOrDefaultAsync<WebhookTrigger>(
            new CommandDefinition(SelectTrigger, new { reference }, cancellationToken: ct)));
    }

    public static async Task<Result<WebhookTrigger>> LockAsync(NpgsqlConnection connection, string reference, CancellationToken ct)
        => Found(reference, await connection.QuerySingleOrDefaultAsync<WebhookTrigger>(
            new CommandDefinition(LockTrigger, new { reference }, cancellationToken: ct)));

    const string Enable = """
        select webhook_key
        from enable_trigger_webhook(@id, @config::jsonb)
        """;

    /// <returns>The key, kept where there was one.</returns>
    public static Task<string> EnableAsync(NpgsqlConnection connection, long id, string config, CancellationToken ct)
        => connection.QuerySingleAsync<string>(new CommandDefinition(Enable, new { id, config }, cancellationToken: ct));

    const string Disable = "select disable_trigger_webhook(@id)";

    public static Task DisableAsync(NpgsqlConnection connection, long id, CancellationToken ct)
        => connection.ExecuteAsync(new CommandDefinition(Disable, new { id }, cancellationToken: ct));

    const string Rotate = """
        select webhook_key, previous_key_revoked
        from regenerate_trigger_webhook_key(@id)
        """;

    public static Task<(string Key, bool WasRevoked)> RotateAsync(NpgsqlConnection connection, long id, CancellationToken ct)
        => connection.QuerySingleAsync<(string, bool)>(new CommandDefinition(Rotate, new { id }, cancellationToken: ct));

    static Result<WebhookTrigger> Found(string reference, WebhookTrigger? trigger)
        => trigger is null ? Failure.NotFound("TRIGGER_NOT_FOUND", $"There is no trigger '{reference}'.") : trigger;
}
