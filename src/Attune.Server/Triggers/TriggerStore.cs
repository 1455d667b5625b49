using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Triggers;

/// <summary>What is written of a trigger that was made by hand. Schemas are JSON.</summary>
sealed record TriggerText
{
    public required string Ref { get; init; }
    public required string Label { get; init; }
    public required string Description { get; init; }
    public required bool Enabled { get; init; }
    public required string Parameters { get; init; }
    public required string Output { get; init; }
    public required string[] Tags { get; init; }
}

sealed class TriggerStore(NpgsqlDataSource db)
{
    const string Select = """
        select t.id, t.ref, coalesce(t.pack_ref, '') as pack_ref, t.label, coalesce(t.description, '') as description, t.enabled,
            t.is_adhoc, t.param_schema::text as param_schema, t.out_schema::text as out_schema, t.tags, t.webhook_enabled, t.created,
            t.updated
        from trigger t
        """;

    const string FindOne = $"""
        {Select}
        where t.ref = @reference
        """;

    public async Task<TriggerRow?> FindAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<TriggerRow>(new CommandDefinition(FindOne, new { reference }, cancellationToken: ct));
    }

    const string FindMany = $"""
        {Select}
        where t.ref = any(@references)
        """;

    /// <summary>Inside a transaction of the caller's.</summary>
    public static async Task<IReadOnlyList<TriggerRow>> FindAsync(NpgsqlConnection connection, string[] references, CancellationToken ct)
        => (await connection.QueryAsync<TriggerRow>(new CommandDefinition(FindMany, new { references }, cancellationToken: ct))).AsList();

    const string ListPage = $"""
        {Select}
        where t.ref > @after
          and (@packs::text[] is null or t.pack_ref = any(@packs))
          and (@pack = '' or t.pack_ref = @pack)
          and (@tag = '' or t.tags @> array[@tag])
        order by t.ref
        limit @limit
        """;

    /// <param name="page">By ref.</param>
    /// <param name="packs">Only of these, by permission; null for all.</param>
    /// <param name="pack">Only of this one; empty for any.</param>
    /// <param name="tag">Only with it; empty for any.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<IReadOnlyList<TriggerRow>> ListAsync(
        PageRequest<string> page, IReadOnlyList<string>? packs, string pack, string tag, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<TriggerRow>(new CommandDefinition(
            ListPage, new { after = page.After, packs = packs?.ToArray(), pack, tag, limit = page.Limit }, cancellationToken: ct))).AsList();
    }

    const string AllRefs = """
        select ref
        from trigger
        order by ref
        limit 10000
        """;

    public async Task<IReadOnlyList<string>> ListRefsAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<string>(new CommandDefinition(AllRefs, cancellationToken: ct))).AsList();
    }

    // Rules that waited for a trigger of this name find it now.
    const string Insert = """
        with made as (
            insert into trigger (ref, pack, pack_ref, label, description, enabled, is_adhoc, param_schema, out_schema, tags)
            select @Ref, id, ref, @Label, @Description, @Enabled, true, @Parameters::jsonb, @Output::jsonb, @Tags
            from pack
            where ref = split_part(@Ref, '.', 1)
            on conflict (ref) do nothing
            returning id, ref
        ),
        linked as (
            update rule
            set trigger = made.id
            from made
            where rule.trigger_ref = made.ref
        )
        select id
        from made
        """;

    /// <summary>False where there is one with this ref already, or no such pack.</summary>
    public async Task<bool> InsertAsync(TriggerText trigger, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var made = await connection.ExecuteScalarAsync<long?>(new CommandDefinition(Insert, trigger, cancellationToken: ct));
        await transaction.CommitAsync(ct);
        return made is not null;
    }

    const string Update = """
        update trigger
        set label = case when 'label' = any(@fields) then @Label else label end,
            description = case when 'description' = any(@fields) then @Description else description end,
            enabled = case when 'enabled' = any(@fields) then @Enabled else enabled end,
            param_schema = case when 'parameters' = any(@fields) then @Parameters::jsonb else param_schema end,
            out_schema = case when 'output' = any(@fields) then @Output::jsonb else out_schema end,
            tags = case when 'tags' = any(@fields) then @Tags else tags end
        where ref = @Ref
          and (@updated::timestamptz is null or updated = @updated)
        """;

    /// <summary>False where it is gone, or changed since <paramref name="updated"/>.</summary>
    public async Task<bool> UpdateAsync(TriggerText trigger, IReadOnlyCollection<string> fields, DateTimeOffset? updated, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(new CommandDefinition(
            Update,
            new
            {
                trigger.Ref,
                trigger.Label,
                trigger.Description,
                trigger.Enabled,
                trigger.Parameters,
                trigger.Output,
                trigger.Tags,
                fields = fields.ToArray(),
                updated,
            },
            cancellationToken: ct)) == 1;
    }

    const string SetEnabled = """
        update trigger
        set enabled = @enabled
        where ref = @reference
          and enabled <> @enabled
        """;

    public async Task SetEnabledAsync(string reference, bool enabled, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(SetEnabled, new { reference, enabled }, cancellationToken: ct));
    }

    const string Delete = "delete from trigger where ref = @reference and is_adhoc";

    public async Task DeleteAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(Delete, new { reference }, cancellationToken: ct));
    }
}
