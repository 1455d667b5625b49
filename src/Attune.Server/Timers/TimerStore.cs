using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Timers;

/// <summary>A timer that is due, locked until the transaction ends.</summary>
sealed record DueTimer
{
    public required long Id { get; init; }
    public required long Rule { get; init; }
    public required string RuleRef { get; init; }
    public required string TriggerRef { get; init; }
    public required string TriggerParams { get; init; }
    public required DateTimeOffset AnchorAt { get; init; }
    public required DateTimeOffset NextFireAt { get; init; }
}

/// <summary>What a timer looks like after its tick.</summary>
sealed record AdvancedTimer(DueTimer Timer, DateTimeOffset? Next, DateTimeOffset? FiredAt, MissedFiresOf? Missed);

/// <param name="Policy">skip, latest or all.</param>
sealed record MissedFiresOf(DateTimeOffset First, DateTimeOffset Last, long Count, long FiredLate, string Policy);

/// <summary>Table `timer` as its ticks change it. Nothing here looks at what is not due.</summary>
sealed class TimerStore(NpgsqlDataSource db)
{
    // A rule that was changed a moment ago is not fired as it was: its plan comes first. Locking the rule too keeps its deletion from waiting
    // for us while we wait for it.
    const string ClaimDue = """
        select m.id, m.rule, m.rule_ref, m.trigger_ref, m.trigger_params::text as trigger_params, m.anchor_at, m.next_fire_at
        from timer m
        join rule r on r.id = m.rule
        where m.next_fire_at <= @now
          and m.id <> all(@postponed)
          and r.enabled
          and r.trigger_ref = m.trigger_ref
          and r.trigger_params = m.trigger_params
        order by m.next_fire_at, m.id
        limit @limit
        for no key update of m skip locked
        for key share of r skip locked
        """;

    public static async Task<IReadOnlyList<DueTimer>> ClaimAsync(
        NpgsqlConnection connection, DateTimeOffset now, IReadOnlyCollection<long> postponed, int limit, CancellationToken ct)
        => (await connection.QueryAsync<DueTimer>(new CommandDefinition(
            ClaimDue, new { now, postponed = postponed.ToArray(), limit }, cancellationToken: ct))).AsList();

    const string Advance = """
        with advanced as (
            select *
            from unnest(
                @ids::bigint[], @rules::bigint[], @rule_refs::text[], @next::timestamptz[], @fired::timestamptz[],
                @firsts::timestamptz[], @lasts::timestamptz[], @counts::bigint[], @late::bigint[], @policies::text[])
                as t (id, rule, rule_ref, next_fire_at, fired_at, first_scheduled_at, last_scheduled_at, count, fired_late, policy)
        ),
        missed as (
            insert into timer_miss (rule, rule_ref, first_scheduled_at, last_scheduled_at, count, fired_late, policy, created)
            select rule, rule_ref, first_scheduled_at, last_scheduled_at, count, fired_late, policy, @now
            from advanced
            where policy is not null
        )
        update timer m
        set next_fire_at = a.next_fire_at,
            last_fired_at = coalesce(a.fired_at, m.last_fired_at),
            missed_count = m.missed_count + coalesce(a.count, 0)
        from advanced a
        where m.id = a.id
        """;

    public static async Task AdvanceAsync(
        NpgsqlConnection connection, IReadOnlyList<AdvancedTimer> timers, DateTimeOffset now, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(Advance, connection);
        Add("ids", NpgsqlDbType.Bigint, each => each.Timer.Id);
        Add("rules", NpgsqlDbType.Bigint, each => each.Timer.Rule);
        Add("rule_refs", NpgsqlDbType.Text, each => each.Timer.RuleRef);
        Add("next", NpgsqlDbType.TimestampTz, each => each.Next);
        Add("fired", NpgsqlDbType.TimestampTz, each => each.FiredAt);
        Add("firsts", NpgsqlDbType.TimestampTz, each => each.Missed?.First);
        Add("lasts", NpgsqlDbType.TimestampTz, each => each.Missed?.Last);
        Add("counts", NpgsqlDbType.Bigint, each => each.Missed?.Count);
        Add("late", NpgsqlDbType.Bigint, each => each.Missed?.FiredLate);
        Add("policies", NpgsqlDbType.Text, each => each.Missed?.Policy);
        command.Parameters.Add(new("now", NpgsqlDbType.TimestampTz) { Value = now });
        await command.ExecuteNonQueryAsync(ct);

        void Add<T>(string name, NpgsqlDbType type, Func<AdvancedTimer, T> value)
            => command.Parameters.Add(new(name, type | NpgsqlDbType.Array) { Value = timers.Select(value).ToArray() });
    }

    const string SelectNextDue = """
        select min(next_fire_at)
        from timer
        where next_fire_at is not null
        """;

    /// <summary>Null while no timer will ever fire.</summary>
    public async Task<DateTimeOffset?> FindNextDueAsync(CancellationToken ct)
    {
        await using var command = db.CreateCommand(SelectNextDue);
        return await command.ExecuteScalarAsync(ct) is DateTime next ? new DateTimeOffset(next) : null;
    }

    const string SelectDueRules = """
        select rule
        from timer
        where next_fire_at <= @now
        order by next_fire_at
        limit 1000
        """;

    public async Task<IReadOnlyList<long>> ListDueRulesAsync(DateTimeOffset now, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<long>(new CommandDefinition(SelectDueRules, new { now }, cancellationToken: ct))).AsList();
    }

    const string DeleteOldMisses = "delete from timer_miss where created < @before";

    public async Task DeleteMissesAsync(DateTimeOffset before, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(DeleteOldMisses, new { before }, cancellationToken: ct));
    }
}
