using Attune.Testing;
using Dapper;

namespace Attune.EndToEnd.Tests.Stories;

/// <summary>Timers while servers die: three replicas, each of which could fire.</summary>
public sealed class TimerStoryTests : IAsyncLifetime
{
    const int Rules = 20;

    readonly TestPack pack = new("e2e_clock");
    Site site = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync()
    {
        site = await Site.StartAsync(Soon);
        await site.AddServerAsync(Soon);
        await site.AddServerAsync(Soon);
        await site.AddAgentAsync(site.Servers[0], "steady", ["--slots", "32"], Soon);
    }

    public async Task DisposeAsync()
    {
        pack.Dispose();
        await site.DisposeAsync();
    }

    [Fact]
    public async Task Every_tick_fires_once_though_three_replicas_watch_the_clock_and_two_are_killed_one_after_the_other()
    {
        for (var number = 0; number < Rules; number++)
        {
            pack.Write($"rules/every_{number}.yaml", $$"""
                ref: e2e_clock.every_{{number}}
                label: Every second
                trigger: core.intervaltimer
                trigger_params: {interval: 1, missed: all}
                action: core.noop
                """);
        }

        await pack.InstallAsync(site.Client, Soon);
        await UntilFiredAsync(3);
        await site.Servers[2].Process.KillAsync(Soon);
        await UntilFiredAsync(6);
        await site.Servers[1].Process.KillAsync(Soon);
        await UntilFiredAsync(9);
        foreach (var number in Enumerable.Range(0, Rules))
            await site.Client.Rules.DisableRuleAsync(new() { Ref = $"e2e_clock.every_{number}" }, cancellationToken: Soon);

        await EveryTickFiredOnceAsync(Rules);
    }

    [Fact]
    public async Task A_tick_whose_replica_is_killed_in_the_middle_of_it_is_fired_once_by_another()
    {
        pack.Write("rules/every.yaml", """
            ref: e2e_clock.every
            label: Every second
            trigger: core.intervaltimer
            trigger_params: {interval: 1, missed: all}
            action: core.noop
            """);
        await pack.InstallAsync(site.Client, Soon);
        await UntilFiredAsync(2);

        // Whoever fires it dies of it, twice; two others are always there.
        for (var round = 0; round < 2; round++)
        {
            var halfDone = await KillInTheMiddleOfATickAsync();
            await UntilAsync($"select exists (select from event where payload ->> 'scheduled_at' = '{halfDone}')", "the tick that was half done");
        }

        await UntilFiredAsync(10);
        await site.Client.Rules.DisableRuleAsync(new() { Ref = "e2e_clock.every" }, cancellationToken: Soon);
        await EveryTickFiredOnceAsync(1);
    }

    /// <returns>The tick's scheduled time, as events write it.</returns>
    async Task<string> KillInTheMiddleOfATickAsync()
    {
        await using var blocking = await site.Database.Db.OpenConnectionAsync(Soon);
        await using var transaction = await blocking.BeginTransactionAsync(Soon);

        // Ticks lock their timers first. No event can be stored now, so the next tick gets that far and no further.
        await blocking.ExecuteAsync("lock table event in exclusive mode");
        await using var looking = await site.Database.Db.OpenConnectionAsync(Soon);
        var applications = await Waiting.ForAsync(
            async () => (await looking.QueryAsync<string>(
                "select application_name from pg_stat_activity where @blocker = any(pg_blocking_pids(pid)) and backend_type = 'client backend'",
                new { blocker = blocking.ProcessID })).AsList(),
            found => found.Count > 0, "a replica to hang in its tick", Soon);
        var halfDone = await looking.QuerySingleAsync<string>(
            """select to_char(next_fire_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') from timer""");
        Assert.Empty(await looking.QueryAsync<long>("select id from timer for no key update skip locked"));

        var replica = site.Servers.Single(server => server.ApplicationName == applications.Single());
        await replica.Process.KillAsync(Soon);
        await transaction.RollbackAsync(Soon);
        await replica.RestartAsync(Soon);
        return halfDone.TrimEnd('0').TrimEnd('.') + "Z";
    }

    async Task EveryTickFiredOnceAsync(int rules)
    {
        await UntilAsync(
            "select not exists (select from execution where action_ref = 'core.noop' and status <> 'completed')", "all executions to complete");
        await using var connection = await site.Database.Db.OpenConnectionAsync(Soon);
        var rows = (await connection.QueryAsync<Fires>("""
            select
                e.rule_ref as "Rule",
                count(*) as "Count",
                count(distinct e.payload ->> 'scheduled_at') as "Ticks",
                extract(epoch from max((e.payload ->> 'scheduled_at')::timestamptz) - min((e.payload ->> 'scheduled_at')::timestamptz))::bigint as "Seconds",
                count(distinct f.id) as "Enforcements",
                count(distinct x.id) as "Executions"
            from event e
            left join enforcement f on f.event = e.id
            left join execution x on x.enforcement = f.id
            where e.trigger_ref = 'core.intervaltimer'
            group by e.rule_ref
            """)).AsList();
        Assert.Equal(rules, rows.Count);
        Assert.All(rows, row => Assert.Equal(
            (row.Ticks, row.Ticks, row.Ticks, row.Ticks), (row.Count, row.Seconds + 1, row.Enforcements, row.Executions)));
    }

    Task UntilFiredAsync(int ticks) => UntilAsync(
        $"select coalesce(min(fires), 0) >= {ticks} from (select count(e.id) as fires from rule r left join event e on e.rule_ref = r.ref where r.pack_ref = 'e2e_clock' group by r.ref) each",
        $"{ticks} ticks of every rule");

    Task UntilAsync(string query, string what) => Waiting.UntilAsync(
        async () =>
        {
            await using var connection = await site.Database.Db.OpenConnectionAsync(Soon);
            return await connection.QuerySingleAsync<bool>(query);
        },
        () => $"{what}:\n{string.Join('\n', site.Outputs)}",
        Soon);

    sealed record Fires(string Rule, long Count, long Ticks, long Seconds, long Enforcements, long Executions);
}
