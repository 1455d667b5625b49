using Attune.Testing;
using Attune.V1;

namespace Attune.Server.Tests.Timers;

/// <summary>What becomes of fires that nobody was there for.</summary>
public sealed class MissedFireTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task After_a_downtime_each_rule_does_what_its_policy_says_and_the_misses_are_recorded()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.EveryAsync("skips", 60, "skip");
        await bench.EveryAsync("latest", 60, "latest");
        await bench.EveryAsync("all", 60, "all");
        await bench.CreateAsync("late", "datetimetimer", ("date", "2025-06-01T12:03:00Z"));
        await bench.CreateAsync("never", "datetimetimer", ("date", "2025-06-01T12:03:00Z"), ("missed", "skip"));

        // Nobody looks from 12:00 to 12:05:30.
        bench.Clock.Jump(TimeSpan.FromSeconds(330));
        await bench.SettledAsync();

        Assert.Empty(await bench.FiresAsync("skips"));
        Assert.Equal(["2025-06-01T12:05:00Z"], await bench.FiresAsync("latest"));
        Assert.Equal(
            ["2025-06-01T12:01:00Z", "2025-06-01T12:02:00Z", "2025-06-01T12:03:00Z", "2025-06-01T12:04:00Z", "2025-06-01T12:05:00Z"],
            await bench.FiresAsync("all"));
        Assert.Equal(["2025-06-01T12:03:00Z"], await bench.FiresAsync("late"));
        Assert.Empty(await bench.FiresAsync("never"));

        Assert.Equal((5, 0, "skip"), Only(await bench.ShowAsync("skips")));
        Assert.Equal((5, 1, "latest"), Only(await bench.ShowAsync("latest")));
        Assert.Equal((5, 5, "all"), Only(await bench.ShowAsync("all")));
        Assert.Equal((1, 1, "latest"), Only(await bench.ShowAsync("late")));
        Assert.Equal((1, 0, "skip"), Only(await bench.ShowAsync("never")));

        await bench.AdvanceAsync(30);
        foreach (var name in new[] { "skips", "latest", "all" })
            Assert.Equal("2025-06-01T12:06:00Z", (await bench.FiresAsync(name))[^1]);
    }

    [Fact]
    public async Task A_server_that_was_stopped_makes_up_for_it_when_it_starts()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.EveryAsync("tick", 3600, "latest");
        await bench.Server.App.StopAsync(Soon);

        bench.Clock.Advance(TimeSpan.FromHours(10.5));
        Assert.Empty(await bench.FiresAsync("tick"));
        await bench.AddReplicaAsync();
        await bench.SettledAsync();

        Assert.Equal(["2025-06-01T22:00:00Z"], await bench.FiresAsync("tick"));
        Assert.Equal(10, await bench.ScalarAsync<long>("select missed_count from timer"));
        Assert.Equal("2025-06-01T22:30:00Z", await bench.ScalarAsync<string>("select payload ->> 'fired_at' from event"));
    }

    [Fact]
    public async Task A_few_seconds_late_is_on_time()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.EveryAsync("tick", 60, "skip");

        await bench.AdvanceAsync(65);

        Assert.Single(await bench.FiresAsync("tick"));
        Assert.Equal(0, (await bench.ShowAsync("tick")).MissedCount);
    }

    [Fact]
    public async Task A_rule_keeps_the_latest_ten_misses_in_sight_and_history_survives_the_rule()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.EveryAsync("tick", 60, "skip");
        for (var outage = 0; outage < 12; outage++)
            await bench.AdvanceAsync(90 + outage % 2 * 60);

        var shown = await bench.ShowAsync("tick");
        Assert.Equal(Math.Min(10, await bench.ScalarAsync<long>("select count(*) from timer_miss")), shown.Misses.Count);
        Assert.True(shown.Misses[0].FirstScheduledAt > shown.Misses[^1].LastScheduledAt);

        await bench.Rules.DeleteRuleAsync(new() { Ref = "core.tick" });
        Assert.True(await bench.ScalarAsync<bool>("select bool_and(rule is null and rule_ref = 'core.tick') from timer_miss"));
    }

    static (long Count, long FiredLate, string Policy) Only(RuleTimer timer)
    {
        var miss = Assert.Single(timer.Misses);
        Assert.Equal(miss.Count, timer.MissedCount);
        return (miss.Count, miss.FiredLate, miss.Policy);
    }
}
