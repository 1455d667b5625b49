using System.Text.Json;
using Attune.Engine.Timers;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace Attune.Server.Timers;

/// <summary>
/// Makes table `timer` say what the rules say. Only rows whose rule differs from what they were planned from are touched, so any replica may
/// do it, at any time, and again. A rule that is new or changed begins when it was saved, so what it missed while no server was there to plan it is
/// decided by its policy; one that is enabled again begins now.
/// </summary>
sealed partial class PlanTimers(NpgsqlDataSource db, TimeProvider clock, ILogger<PlanTimers> logger)
{
    const int RulesPerRound = 1000;

    // Older changes than this were not waiting for us: the rule is older than its timer, or the clock is not the database's.
    static readonly TimeSpan LookBackMax = TimeSpan.FromHours(1);

    static readonly string[] Triggers = ["core.intervaltimer", "core.crontimer", "core.datetimetimer"];

    const string SelectChanged = """
        select r.id, r.ref, r.trigger_ref, r.trigger_params::text as trigger_params, r.enabled and coalesce(t.enabled, false) as enabled,
            case when m.id is null or m.trigger_ref <> r.trigger_ref or m.trigger_params <> r.trigger_params then r.updated end as changed_at
        from rule r
        left join trigger t on t.ref = r.trigger_ref
        left join timer m on m.rule = r.id
        where r.trigger_ref = any(@triggers)
          and r.id > @after
          and (@rules::bigint[] is null or r.id = any(@rules))
          and (m.id is null
              or m.trigger_ref <> r.trigger_ref
              or m.trigger_params <> r.trigger_params
              or m.enabled <> (r.enabled and coalesce(t.enabled, false)))
        order by r.id
        limit @limit
        """;

    // The rule is asked again: what was planned from an older state of it must not overwrite a newer plan.
    const string Upsert = """
        insert into timer as present (rule, rule_ref, trigger_ref, trigger_params, enabled, anchor_at, next_fire_at)
        select r.id, r.ref, p.trigger_ref, r.trigger_params, p.enabled, p.anchor_at, p.next_fire_at
        from unnest(
            @rules::bigint[], @trigger_refs::text[], @params::text[], @enabled::bool[], @anchors::timestamptz[], @next::timestamptz[])
            as p (rule, trigger_ref, trigger_params, enabled, anchor_at, next_fire_at)
        join rule r on r.id = p.rule
        left join trigger t on t.ref = r.trigger_ref
        where r.trigger_ref = p.trigger_ref
          and r.trigger_params = p.trigger_params::jsonb
          and (r.enabled and coalesce(t.enabled, false)) = p.enabled
        order by r.id
        for key share of r
        on conflict (rule) do update
        set rule_ref = excluded.rule_ref, trigger_ref = excluded.trigger_ref, trigger_params = excluded.trigger_params,
            enabled = excluded.enabled, anchor_at = excluded.anchor_at, next_fire_at = excluded.next_fire_at
        where present.trigger_ref <> excluded.trigger_ref
           or present.trigger_params <> excluded.trigger_params
           or present.enabled <> excluded.enabled
        """;

    const string DeleteOthers = """
        delete from timer m
        using rule r
        where r.id = m.rule
          and r.trigger_ref <> all(@triggers)
          and (@rules::bigint[] is null or r.id = any(@rules))
        """;

    /// <param name="rules">Only these, which may be of other triggers; null: all.</param>
    /// <returns>How many plans were made or changed.</returns>
    public async Task<int> RunAsync(IReadOnlyCollection<long>? rules, CancellationToken ct)
    {
        var only = rules?.ToArray();
        await using var connection = await db.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(DeleteOthers, new { triggers = Triggers, rules = only }, cancellationToken: ct));

        var planned = 0;
        for (var after = 0L; ;)
        {
            var changed = (await connection.QueryAsync<PlannedRule>(new CommandDefinition(
                SelectChanged, new { triggers = Triggers, after, rules = only, limit = RulesPerRound }, cancellationToken: ct))).AsList();
            if (changed.Count == 0)
                return planned;

            planned += await WriteAsync(connection, changed, ct);
            after = changed[^1].Id;
        }
    }

    async Task<int> WriteAsync(NpgsqlConnection connection, List<PlannedRule> rules, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var command = new NpgsqlCommand(Upsert, connection);
        Add("rules", NpgsqlDbType.Bigint, rule => rule.Id);
        Add("trigger_refs", NpgsqlDbType.Text, rule => rule.TriggerRef);
        Add("params", NpgsqlDbType.Text, rule => rule.TriggerParams);
        Add("enabled", NpgsqlDbType.Boolean, rule => rule.Enabled);
        Add("anchors", NpgsqlDbType.TimestampTz, rule => AnchorOf(rule, now));
        Add("next", NpgsqlDbType.TimestampTz, rule => FirstFire(rule, AnchorOf(rule, now)));
        return await command.ExecuteNonQueryAsync(ct);

        void Add<T>(string name, NpgsqlDbType type, Func<PlannedRule, T> value)
            => command.Parameters.Add(new(name, type | NpgsqlDbType.Array) { Value = rules.ConvertAll(rule => value(rule)).ToArray() });
    }

    static DateTimeOffset AnchorOf(PlannedRule rule, DateTimeOffset now)
        => rule.ChangedAt is { } changed && changed <= now && now - changed <= LookBackMax ? changed : now;

    DateTimeOffset? FirstFire(PlannedRule rule, DateTimeOffset anchor)
    {
        if (!rule.Enabled)
            return null;

        var problems = new List<ScheduleProblem>();
        if (Schedule.Parse(rule.TriggerRef, JsonElement.Parse(rule.TriggerParams), problems) is { } schedule)
            return schedule.Next(anchor, anchor);

        LogUnplannable(rule.Ref, string.Join("; ", problems.Select(each => $"{each.Path}: {each.Message}")));
        return null;
    }

    sealed record PlannedRule
    {
        public required long Id { get; init; }
        public required string Ref { get; init; }
        public required string TriggerRef { get; init; }
        public required string TriggerParams { get; init; }
        public required bool Enabled { get; init; }

        /// <summary>Null where it was only switched, which counts from when it is noticed.</summary>
        public DateTimeOffset? ChangedAt { get; init; }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rule {Rule} never fires, because its trigger_params are wrong: {Problems}")]
    partial void LogUnplannable(string rule, string problems);
}
