using Attune.Packs;
using Dapper;
using Npgsql;

namespace Attune.Server.Rules;

/// <summary>Filters of ListRules; null or empty means "any".</summary>
sealed record RuleFilter
{
    public string Pack { get; init; } = "";
    public string Trigger { get; init; } = "";
    public string Action { get; init; } = "";
    public string Tag { get; init; } = "";
    public bool? Enabled { get; init; }

    /// <summary>Only these packs, by permission; null: all.</summary>
    public string[]? Packs { get; init; }
    public required string After { get; init; }
    public required int Limit { get; init; }
}

sealed class RuleStore(NpgsqlDataSource db)
{
    const string Select = """
        select r.id, r.ref, r.pack_ref, r.label, r.description, r.trigger_ref, r.trigger_params::text as trigger_params,
            r.conditions::text as conditions, r.action_ref, r.action_params::text as action_params, r.enabled, r.is_adhoc, r.tags,
            r.created, r.updated, p.config::text as pack_config, p.conf_schema::text as pack_conf_schema,
            r.xmin::text || ' ' || p.xmin::text as version
        from rule r
        join pack p on p.id = r.pack
        """;

    const string FindMany = $"""
        {Select}
        where r.ref = any(@references)
        """;

    public async Task<IReadOnlyList<RuleRow>> FindAsync(string[] references, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<RuleRow>(new CommandDefinition(FindMany, new { references }, cancellationToken: ct))).AsList();
    }

    public async Task<RuleRow?> FindAsync(string reference, CancellationToken ct)
        => reference.Length <= PackNames.MaxLength && !reference.Contains('\0') && await FindAsync([reference], ct) is [var row] ? row : null;

    const string OfTrigger = $"""
        {Select}
        where r.trigger_ref = @triggerRef
        order by r.id
        """;

    /// <summary>Also disabled ones, oldest first.</summary>
    public async Task<IReadOnlyList<RuleRow>> ListOfTriggerAsync(string triggerRef, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<RuleRow>(new CommandDefinition(OfTrigger, new { triggerRef }, cancellationToken: ct))).AsList();
    }

    const string ListPage = $"""
        {Select}
        where r.ref > @After
          and (@Packs::text[] is null or r.pack_ref = any(@Packs))
          and (@Pack = '' or r.pack_ref = @Pack)
          and (@Trigger = '' or r.trigger_ref = @Trigger)
          and (@Action = '' or r.action_ref = @Action)
          and (@Tag = '' or r.tags @> array[@Tag])
          and (@Enabled::bool is null or r.enabled = @Enabled)
        order by r.ref
        limit @Limit
        """;

    /// <summary>By ref.</summary>
    public async Task<IReadOnlyList<RuleRow>> ListAsync(RuleFilter filter, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<RuleRow>(new CommandDefinition(ListPage, filter, cancellationToken: ct))).AsList();
    }

    const string Insert = """
        insert into rule (
            ref, pack, pack_ref, label, description, action, action_ref, trigger, trigger_ref, conditions, action_params, trigger_params,
            enabled, is_adhoc, tags)
        select @Ref, p.id, p.ref, @Label, @Description, a.id, @ActionRef, t.id, @TriggerRef, @Conditions::jsonb, @ActionParams::jsonb,
            @TriggerParams::jsonb, @Enabled, true, @Tags
        from pack p
        left join action a on a.ref = @ActionRef
        left join trigger t on t.ref = @TriggerRef
        where p.ref = split_part(@Ref, '.', 1)
        on conflict (ref) do nothing
        """;

    /// <summary>False where there is one with this ref already, or no such pack.</summary>
    public async Task<bool> InsertAsync(RuleText rule, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(new CommandDefinition(Insert, rule, cancellationToken: ct)) == 1;
    }

    const string Update = """
        update rule
        set label = @Label,
            description = @Description,
            action = (select id from action where ref = @ActionRef),
            action_ref = @ActionRef,
            trigger = (select id from trigger where ref = @TriggerRef),
            trigger_ref = @TriggerRef,
            conditions = @Conditions::jsonb,
            action_params = @ActionParams::jsonb,
            trigger_params = @TriggerParams::jsonb,
            enabled = @Enabled,
            tags = @Tags
        where ref = @Ref
          and updated = @updated
        """;

    /// <summary>False where it is gone, or changed since <paramref name="updated"/>.</summary>
    public async Task<bool> UpdateAsync(RuleText rule, DateTimeOffset updated, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(new CommandDefinition(
            Update,
            new
            {
                rule.Ref,
                rule.Label,
                rule.Description,
                rule.ActionRef,
                rule.TriggerRef,
                rule.Conditions,
                rule.ActionParams,
                rule.TriggerParams,
                rule.Enabled,
                rule.Tags,
                updated,
            },
            cancellationToken: ct)) == 1;
    }

    const string SetEnabled = """
        update rule
        set enabled = @enabled
        where ref = @reference
          and enabled <> @enabled
        """;

    public async Task SetEnabledAsync(string reference, bool enabled, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(SetEnabled, new { reference, enabled }, cancellationToken: ct));
    }

    const string Delete = "delete from rule where ref = @reference and is_adhoc";

    public async Task DeleteAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(Delete, new { reference }, cancellationToken: ct));
    }

    // xmin changes with every insert and update of a row, whatever its times say, so no commit order can hide one.
    const string Signature = """
        select concat_ws(' ',
            (select count(*) || ':' || sum(xmin::text::bigint) from rule),
            (select count(*) || ':' || sum(xmin::text::bigint) from trigger),
            (select count(*) || ':' || sum(xmin::text::bigint) from pack))
        """;

    /// <summary>A text that differs after any change of what the catalogues of triggers and rules hold.</summary>
    public async Task<string> ReadSignatureAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<string>(new CommandDefinition(Signature, cancellationToken: ct));
    }
}
