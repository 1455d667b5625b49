using System.Text.Json;
using Attune.Engine.Timers;
using Attune.V1;
using Dapper;
using Google.Protobuf.WellKnownTypes;
using Npgsql;

namespace Attune.Server.Timers;

/// <summary>When a rule's timer fires next and what it missed.</summary>
sealed class DescribeTimer(NpgsqlDataSource db, TimeProvider clock)
{
    const int FiresShown = 5;

    const string SelectTimer = """
        select r.trigger_ref, r.trigger_params::text as trigger_params, r.enabled and coalesce(t.enabled, false) as enabled,
            m.id is not null and m.trigger_params = r.trigger_params and m.trigger_ref = r.trigger_ref
                and m.enabled = (r.enabled and coalesce(t.enabled, false)) as is_planned,
            m.anchor_at, m.next_fire_at, m.last_fired_at, coalesce(m.missed_count, 0) as missed_count
        from rule r
        left join trigger t on t.ref = r.trigger_ref
        left join timer m on m.rule = r.id
        where r.id = @ruleId
        """;

    const string SelectMisses = """
        select first_scheduled_at, last_scheduled_at, count, fired_late, policy
        from timer_miss
        where rule = @ruleId
        order by id desc
        limit 10
        """;

    /// <summary>Null where the rule's trigger is no timer. A disabled rule has no next fires.</summary>
    public async Task<RuleTimer?> RunAsync(long ruleId, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var row = await connection.QuerySingleOrDefaultAsync<TimerRow>(new CommandDefinition(SelectTimer, new { ruleId }, cancellationToken: ct));
        if (row is null || !Schedule.IsTimer(row.TriggerRef))
            return null;

        var misses = await connection.QueryAsync<MissRow>(new CommandDefinition(SelectMisses, new { ruleId }, cancellationToken: ct));
        return new()
        {
            NextFires = { NextFires(row).Take(FiresShown).Select(each => each.ToTimestamp()) },
            LastFiredAt = row.LastFiredAt?.ToTimestamp(),
            MissedCount = row.MissedCount,
            Misses =
            {
                misses.Select(miss => new TimerMiss
                {
                    FirstScheduledAt = miss.FirstScheduledAt.ToTimestamp(),
                    LastScheduledAt = miss.LastScheduledAt.ToTimestamp(),
                    Count = miss.Count,
                    FiredLate = miss.FiredLate,
                    Policy = miss.Policy,
                }),
            },
        };
    }

    IEnumerable<DateTimeOffset> NextFires(TimerRow row)
    {
        if (!row.Enabled || Schedule.Parse(row.TriggerRef, JsonElement.Parse(row.TriggerParams), []) is not { } schedule)
            yield break;

        // A rule that was saved a moment ago is about to be planned from now.
        var now = clock.GetUtcNow();
        var anchor = row.IsPlanned ? row.AnchorAt!.Value : now;
        for (var next = row.IsPlanned ? row.NextFireAt : schedule.Next(anchor, now); next is { } fire; next = schedule.Next(anchor, fire))
            yield return fire;
    }

    sealed record TimerRow
    {
        public required string TriggerRef { get; init; }
        public required string TriggerParams { get; init; }
        public required bool Enabled { get; init; }
        public required bool IsPlanned { get; init; }
        public DateTimeOffset? AnchorAt { get; init; }
        public DateTimeOffset? NextFireAt { get; init; }
        public DateTimeOffset? LastFiredAt { get; init; }
        public required long MissedCount { get; init; }
    }

    sealed record MissRow
    {
        public required DateTimeOffset FirstScheduledAt { get; init; }
        public required DateTimeOffset LastScheduledAt { get; init; }
        public required long Count { get; init; }
        public required long FiredLate { get; init; }
        public required string Policy { get; init; }
    }
}
