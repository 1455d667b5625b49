using Attune.Testing;
using Google.Protobuf.WellKnownTypes;

namespace Attune.Server.Tests.Timers;

public sealed class TimerTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task A_fire_is_an_event_for_its_rule_alone_that_starts_the_action()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.EveryAsync("tick", 60);
        await bench.EveryAsync("other", 3600);
        var began = bench.Now;

        await bench.AdvanceAsync(60);

        Assert.Equal(["2025-06-01T12:01:00Z"], await bench.FiresAsync("tick"));
        Assert.Empty(await bench.FiresAsync("other"));
        Assert.Equal("timer", await bench.ScalarAsync<string>("select origin from event"));
        Assert.Equal("2025-06-01T12:01:00Z", await bench.ScalarAsync<string>("select payload ->> 'fired_at' from event"));
        Assert.Equal(
            1L, await bench.ScalarAsync<long>(
                """
                select count(*) from execution x join enforcement n on n.id = x.enforcement join event e on e.id = n.event
                where x.action_ref = 'core.noop' and n.rule_ref = 'core.tick' and n.status = 'processed' and e.trigger_ref = 'core.intervaltimer'
                """));
        Assert.Equal(began.AddSeconds(60).ToTimestamp(), (await bench.ShowAsync("tick")).LastFiredAt);
    }

    [Fact]
    public async Task An_interval_goes_on_from_where_it_began_and_does_not_drift()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.EveryAsync("tick", 10);

        foreach (var late in new[] { 10.0, 13, 8, 9.5, 9.5 })
            await bench.AdvanceAsync(late);

        Assert.Equal(
            ["2025-06-01T12:00:10Z", "2025-06-01T12:00:20Z", "2025-06-01T12:00:30Z", "2025-06-01T12:00:40Z", "2025-06-01T12:00:50Z"],
            await bench.FiresAsync("tick"));
    }

    [Fact]
    public async Task A_rule_by_the_clock_of_berlin_fires_once_a_day_over_both_changes_of_its_clock()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.TravelToAsync(new(2025, 10, 24, 12, 0, 0, TimeSpan.Zero));
        await bench.CreateAsync("nightly", "crontimer", ("expression", "30 2 * * *"), ("timezone", "Europe/Berlin"));

        // 2:30 comes twice on the 26th: at 0:30 and at 1:30 UTC.
        foreach (var fire in new[] { Utc(10, 25, 0, 30), Utc(10, 26, 0, 30), Utc(10, 26, 1, 30), Utc(10, 27, 1, 30) })
            await bench.AdvanceToAsync(fire);
        Assert.Equal(["2025-10-25T00:30:00Z", "2025-10-26T00:30:00Z", "2025-10-27T01:30:00Z"], await bench.FiresAsync("nightly"));

        await bench.ExecuteAsync("delete from event");
        await RestBeforeAsync(bench, new(2026, 3, 28, 0, 0, 0, TimeSpan.Zero));

        // 2:30 does not exist on the 29th; the clock passes it at 1:00 UTC.
        foreach (var (day, hour, minute) in new[] { (28, 1, 30), (29, 1, 0), (29, 1, 30), (30, 0, 30) })
            await bench.AdvanceToAsync(new(2026, 3, day, hour, minute, 0, TimeSpan.Zero));
        Assert.Equal(["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"], await bench.FiresAsync("nightly"));
        Assert.Equal(0, (await bench.ShowAsync("nightly")).MissedCount);
        Assert.Equal(3, await bench.ScalarAsync<long>("select count(*) from execution x join enforcement n on n.id = x.enforcement where n.event is not null"));

        static DateTimeOffset Utc(int month, int day, int hour, int minute) => new(2025, month, day, hour, minute, 0, TimeSpan.Zero);
    }

    [Fact]
    public async Task A_rhythm_by_the_clock_of_berlin_fires_in_both_passes_of_the_hour_that_comes_twice()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.TravelToAsync(new(2025, 10, 26, 0, 0, 0, TimeSpan.Zero));
        await bench.CreateAsync("half", "crontimer", ("expression", "*/30 * * * *"), ("timezone", "Europe/Berlin"));

        for (var half = 1; half <= 5; half++)
            await bench.AdvanceToAsync(new DateTimeOffset(2025, 10, 26, 0, 0, 0, TimeSpan.Zero).AddMinutes(30 * half));

        Assert.Equal(
            ["2025-10-26T00:30:00Z", "2025-10-26T01:00:00Z", "2025-10-26T01:30:00Z", "2025-10-26T02:00:00Z", "2025-10-26T02:30:00Z"],
            await bench.FiresAsync("half"));
    }

    [Fact]
    public async Task A_moment_fires_once_and_never_again()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.CreateAsync("once", "datetimetimer", ("date", "2025-06-01T14:30:00+02:00"));

        await bench.AdvanceToAsync(new(2025, 6, 1, 12, 30, 0, TimeSpan.Zero));
        await bench.AdvanceAsync(86_400);

        Assert.Equal(["2025-06-01T12:30:00Z"], await bench.FiresAsync("once"));
        var shown = await bench.ShowAsync("once");
        Assert.Empty(shown.NextFires);
        Assert.Equal(0, shown.MissedCount);
    }

    [Fact]
    public async Task A_rule_shows_when_it_fires_next()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.CreateAsync("hourly", "crontimer", ("expression", "15 * * * *"));

        var shown = await bench.ShowAsync("hourly");

        Assert.Equal(
            [12, 13, 14, 15, 16], shown.NextFires.Select(each => each.ToDateTimeOffset()).Select(each => each is { Minute: 15, Second: 0 } ? each.Hour : -1));
        Assert.Null(shown.LastFiredAt);
    }

    [Fact]
    public async Task A_disabled_rule_has_no_next_fire_and_begins_anew_when_it_is_enabled()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.EveryAsync("tick", 60);
        await bench.Rules.DisableRuleAsync(new() { Ref = "core.tick" });
        await bench.PlannedAsync();

        Assert.Empty((await bench.ShowAsync("tick")).NextFires);
        await bench.AdvanceAsync(3630);
        await bench.Rules.EnableRuleAsync(new() { Ref = "core.tick" });
        await bench.PlannedAsync();
        await bench.AdvanceAsync(60);

        Assert.Equal(["2025-06-01T13:01:30Z"], await bench.FiresAsync("tick"));
        Assert.Equal(0, (await bench.ShowAsync("tick")).MissedCount);
    }

    [Fact]
    public async Task A_disabled_trigger_stops_all_its_timers()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.EveryAsync("tick", 60);
        await bench.ExecuteAsync("update trigger set enabled = false where ref = 'core.intervaltimer'");
        await bench.PlannedAsync();

        await bench.AdvanceAsync(600);

        Assert.Empty(await bench.FiresAsync("tick"));
        Assert.Empty((await bench.ShowAsync("tick")).NextFires);
    }

    [Fact]
    public async Task A_changed_rule_is_planned_anew_and_one_that_only_got_another_label_is_not()
    {
        await using var bench = await TimerBench.StartAsync();
        var rule = await bench.EveryAsync("tick", 60);
        await bench.AdvanceAsync(30);

        rule.Label = "Another";
        rule = (await bench.Rules.UpdateRuleAsync(new() { Rule = rule, UpdateMask = FieldMask.FromString("label") })).Rule;
        await bench.PlannedAsync();
        await bench.AdvanceAsync(30);
        Assert.Equal(["2025-06-01T12:01:00Z"], await bench.FiresAsync("tick"));

        await bench.AdvanceAsync(10);
        rule.TriggerParams = TimerBench.StructOf(("interval", 45));
        await bench.Rules.UpdateRuleAsync(new() { Rule = rule, UpdateMask = FieldMask.FromString("trigger_params") });
        await bench.PlannedAsync();
        await bench.AdvanceAsync(45);

        Assert.Equal(["2025-06-01T12:01:00Z", "2025-06-01T12:01:55Z"], await bench.FiresAsync("tick"));
    }

    [Fact]
    public async Task A_deleted_rule_and_one_that_leaves_its_timer_lose_their_rows()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.EveryAsync("tick", 60);
        await bench.EveryAsync("tock", 60);

        await bench.Rules.DeleteRuleAsync(new() { Ref = "core.tick" });
        await bench.ExecuteAsync("insert into trigger (ref, label, pack, pack_ref) select 'core.door', 'Door', id, ref from pack where ref = 'core'");
        await bench.ExecuteAsync("update rule set trigger_ref = 'core.door' where ref = 'core.tock'");

        await Waiting.UntilAsync(async () => await bench.ScalarAsync<long>("select count(*) from timer") == 0, "no timer is left", Soon);
        await bench.AdvanceAsync(600);
        Assert.Equal(0, await bench.ScalarAsync<long>("select count(*) from event"));
        Assert.Null(await bench.ShowAsync("tock"));
    }

    [Fact]
    public async Task A_rule_whose_parameters_are_wrong_never_fires_and_does_not_keep_others_from_it()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.EveryAsync("tick", 60);
        await bench.EveryAsync("tock", 60);

        // As if an older version had let it in.
        await bench.ExecuteAsync("""update rule set trigger_params = '{"interval": "often"}' where ref = 'core.tock'""");
        await bench.PlannedAsync();
        await bench.AdvanceAsync(60);

        Assert.Single(await bench.FiresAsync("tick"));
        Assert.Empty(await bench.FiresAsync("tock"));
        Assert.Empty((await bench.ShowAsync("tock")).NextFires);
    }

    static async Task RestBeforeAsync(TimerBench bench, DateTimeOffset moment)
    {
        await bench.Rules.DisableRuleAsync(new() { Ref = "core.nightly" });
        await bench.PlannedAsync();
        await bench.TravelToAsync(moment);
        await bench.ExecuteAsync("delete from execution_queue");
        await bench.ExecuteAsync("delete from execution");
        await bench.Rules.EnableRuleAsync(new() { Ref = "core.nightly" });
        await bench.PlannedAsync();
    }

    [Fact]
    public async Task A_moment_that_passed_between_saving_and_planning_still_fires()
    {
        await using var bench = await TimerBench.StartAsync();

        // As the database has it when every server died right after the rule was saved.
        await bench.ExecuteAsync($$"""
            insert into rule (ref, pack, pack_ref, label, action, action_ref, trigger, trigger_ref, trigger_params, updated)
            select 'core.late', p.id, p.ref, 'Late', a.id, a.ref, t.id, t.ref, '{"date": "{{bench.Now.AddSeconds(-2):O}}"}', '{{bench.Now.AddSeconds(-10):O}}'
            from pack p, action a, trigger t
            where p.ref = 'core' and a.ref = 'core.noop' and t.ref = 'core.datetimetimer'
            """);

        await Waiting.UntilAsync(async () => (await bench.FiresAsync("late")).Count == 1, "its fire", Waiting.SoonEnough);
    }
}
