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

        await using var connection = await site.Database.Db.OpenConnectionAsync(Soon);
        var rows = (await connection.QueryAsync<Fires>("""
            select
                e.rule_ref as "Rule",
                count(*) as "Count",
                count(distinct e.payload ->> 'scheduled_at') as "Ticks",
                extract(epoch from max((e.payload ->> 'scheduled_at')::timestamptz) - min((e.payload ->> 'scheduled_at')::timestamptz))::bigint as "Seconds",
                count(x.id) as "Executions"
            from event e
            left join enforcement f on f.event = e.id
            left join execution x on x.enforcement = f.id
            where e.trigger_ref = 'core.intervaltimer'
            group by e.rule_ref
            """)).AsList();
        Assert.Equal(Rules, rows.Count);
        Assert.All(rows, row => Assert.Equal((row.Count, row.Seconds + 1, row.Count), (row.Ticks, row.Ticks, row.Executions)));
    }

    Task UntilFiredAsync(int ticks) => Waiting.UntilAsync(
        async () =>
        {
            await using var connection = await site.Database.Db.OpenConnectionAsync(Soon);
            return await connection.QuerySingleAsync<long>(
                "select coalesce(min(fires), 0) from (select count(e.id) as fires from rule r left join event e on e.rule_ref = r.ref where r.pack_ref = 'e2e_clock' group by r.ref) each") >= ticks;
        },
        () => $"{ticks} ticks of every rule:\n{string.Join('\n', site.Outputs)}",
        Soon);

    sealed record Fires(string Rule, long Count, long Ticks, long Seconds, long Executions);
}
