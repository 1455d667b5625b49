using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Events;

/// <summary>Filters of ListEvents; null or empty means "any".</summary>
sealed record EventFilter
{
    public string? TriggerRef { get; init; }
    public string? SourceRef { get; init; }
    public string? RuleRef { get; init; }
    public string[] Origins { get; init; } = [];
    public DateTimeOffset? CreatedAfter { get; init; }
    public DateTimeOffset? CreatedBefore { get; init; }

    /// <summary>Only these packs, by permission; null: all.</summary>
    public string[]? Packs { get; init; }

    /// <summary>Only ids below it.</summary>
    public long Before { get; init; } = long.MaxValue;
    public required int Limit { get; init; }
    public bool Full { get; init; }

    /// <summary>With <see cref="Full"/>: no row follows once the payloads have so many bytes. Null: as many as the limit says.</summary>
    public long? BytesMax { get; init; }
}

/// <summary>Filters of ListEnforcements; null or empty means "any".</summary>
sealed record EnforcementFilter
{
    public string? RuleRef { get; init; }
    public long? Event { get; init; }
    public string[] Statuses { get; init; } = [];
    public string? TriggerRef { get; init; }
    public bool Failed { get; init; }
    public DateTimeOffset? CreatedAfter { get; init; }
    public DateTimeOffset? CreatedBefore { get; init; }
    public string[]? Packs { get; init; }
    public long Before { get; init; } = long.MaxValue;
    public required int Limit { get; init; }
}

/// <summary>Reads events and enforcements. What writes them is in <see cref="StoreEvents"/>.</summary>
sealed class EventStore(NpgsqlDataSource db)
{
    const string Brief = """
        e.id, e.trigger_ref, e.origin, e.source_ref, e.rule_ref, e.idempotency_key, e.replay_of, e.unmatched_count, e.created
        """;

    const string Full = Brief + ", e.payload::text as payload";

    const string FindMany = $"""
        select {Full}, e.unmatched::text as unmatched
        from event e
        where e.id = any(@ids)
        """;

    /// <summary>In no order; those that are not there are left out.</summary>
    public async Task<IReadOnlyList<EventRow>> FindAsync(long[] ids, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<EventRow>(new CommandDefinition(FindMany, new { ids }, cancellationToken: ct))).AsList();
    }

    // Each filter is a condition only when it is given, so that the planner sees the ones in use; the texts are constants.
    public async Task<IReadOnlyList<EventRow>> ListAsync(EventFilter filter, CancellationToken ct)
    {
        var conditions = new List<string> { "e.id < @Before" };
        if (filter.TriggerRef is not null)
            conditions.Add("e.trigger_ref = @TriggerRef");
        if (filter.SourceRef is not null)
            conditions.Add("e.source_ref = @SourceRef");
        if (filter.RuleRef is not null)
            conditions.Add("e.rule_ref = @RuleRef");
        if (filter.Origins.Length > 0)
            conditions.Add("e.origin = any(@Origins)");
        if (filter.Packs is not null)
            conditions.Add("split_part(e.trigger_ref, '.', 1) = any(@Packs)");
        if (filter.CreatedAfter is not null)
            conditions.Add("e.created > @CreatedAfter");
        if (filter.CreatedBefore is not null)
            conditions.Add("e.created < @CreatedBefore");

        var sql = $"""
            select {(filter.Full ? Full : Brief)}
            from event e
            where {string.Join("\n  and ", conditions)}
            order by e.id desc
            limit @Limit
            """;

        if (filter is { Full: true, BytesMax: not null })
        {
            sql = $"""
                with page as (
                    {sql}
                ),
                measured as (
                    select *, count(*) over ()::int as page_rows,
                        coalesce(sum(octet_length(payload)) over (order by id desc rows between unbounded preceding and 1 preceding), 0) as bytes
                    from page
                )
                select *
                from measured
                where bytes < @BytesMax
                order by id desc
                """;
        }

        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<EventRow>(new CommandDefinition(sql, filter, cancellationToken: ct))).AsList();
    }

    const string SelectEnforcement = """
        select n.id, n.event, n.rule_ref, n.trigger_ref, n.status::text as status, x.id as execution, n.action_ref,
            n.config::text as config, n.error::text as error, n.created
        from enforcement n
        left join execution x on x.enforcement = n.id and x.parent is null
        """;

    const string FindEnforcement = $"""
        {SelectEnforcement}
        where n.id = @id
        """;

    public async Task<EnforcementRow?> FindEnforcementAsync(long id, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<EnforcementRow>(new CommandDefinition(FindEnforcement, new { id }, cancellationToken: ct));
    }

    const string OfEvents = $"""
        {SelectEnforcement}
        where n.event = any(@events)
        order by n.id
        """;

    public async Task<IReadOnlyList<EnforcementRow>> ListOfEventsAsync(long[] events, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<EnforcementRow>(new CommandDefinition(OfEvents, new { events }, cancellationToken: ct))).AsList();
    }

    public async Task<IReadOnlyList<EnforcementRow>> ListEnforcementsAsync(EnforcementFilter filter, CancellationToken ct)
    {
        var conditions = new List<string> { "n.id < @Before" };
        if (filter.RuleRef is not null)
            conditions.Add("n.rule_ref = @RuleRef");
        if (filter.Event is not null)
            conditions.Add("n.event = @Event");
        if (filter.Statuses.Length > 0)
            conditions.Add("n.status = any(@Statuses::attune.enforcement_status_enum[])");
        if (filter.TriggerRef is not null)
            conditions.Add("n.trigger_ref = @TriggerRef");
        if (filter.Failed)
            conditions.Add("n.error is not null");
        if (filter.Packs is not null)
            conditions.Add("split_part(n.trigger_ref, '.', 1) = any(@Packs)");
        if (filter.CreatedAfter is not null)
            conditions.Add("n.created > @CreatedAfter");
        if (filter.CreatedBefore is not null)
            conditions.Add("n.created < @CreatedBefore");

        var sql = $"""
            {SelectEnforcement}
            where {string.Join("\n  and ", conditions)}
            order by n.id desc
            limit @Limit
            """;

        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<EnforcementRow>(new CommandDefinition(sql, filter, cancellationToken: ct))).AsList();
    }

    public static Failure NotFound(IEnumerable<long> ids)
        => Failure.NotFound("EVENT_NOT_FOUND", $"No event {string.Join(", ", ids)} that you may see.");
}
