using System.Globalization;
using System.Text.Json;
using Attune.Engine.Timers;

namespace Attune.Engine.Tests.Timers;

public sealed class ScheduleTests
{
    static readonly DateTimeOffset Anchor = At("2027-01-01T00:00:07Z");
    static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData("""{"interval": 10}""", "2027-01-01T00:00:07Z", "2027-01-01T00:00:17Z")]
    [InlineData("""{"interval": 10}""", "2026-06-01T00:00:00Z", "2027-01-01T00:00:17Z")]
    [InlineData("""{"interval": 10}""", "2027-01-01T00:00:17Z", "2027-01-01T00:00:27Z")]
    [InlineData("""{"interval": 10}""", "2027-01-01T00:00:16.9999999Z", "2027-01-01T00:00:17Z")]
    [InlineData("""{"interval": 3, "unit": "minutes"}""", "2027-01-01T00:05:00Z", "2027-01-01T00:06:07Z")]
    [InlineData("""{"interval": 2, "unit": "hours"}""", "2027-01-01T00:05:00Z", "2027-01-01T02:00:07Z")]
    [InlineData("""{"interval": 1, "unit": "days"}""", "2027-03-27T12:00:00Z", "2027-03-28T00:00:07Z")]
    [InlineData("""{"interval": 36500, "unit": "days"}""", "9990-01-01T00:00:00Z", null)]
    public void An_interval_counts_from_the_beginning_of_its_rule(string parameters, string after, string? expected)
        => Assert.Equal(AtOrNull(expected), Timer("core.intervaltimer", parameters).Next(Anchor, At(after)));

    [Fact]
    public void A_cron_expression_is_read_in_its_zone_and_answers_in_UTC()
    {
        var next = Timer("core.crontimer", """{"expression": "0 8 * * *", "timezone": "America/New_York"}""").Next(Anchor, At("2027-07-01T00:00:00Z"));
        Assert.Equal((At("2027-07-01T12:00:00Z"), TimeSpan.Zero), (next!.Value, next.Value.Offset));
        Assert.Equal(At("2027-07-01T08:00:00Z"), Timer("core.crontimer", """{"expression": "0 8 * * *"}""").Next(Anchor, At("2027-07-01T00:00:00Z")));
    }

    [Fact]
    public void One_moment_comes_once()
    {
        var once = Timer("core.datetimetimer", """{"date": "2027-05-01T12:00:00+02:00"}""");
        Assert.Equal(At("2027-05-01T10:00:00Z"), once.Next(Anchor, At("2027-05-01T09:59:59Z")));
        Assert.Null(once.Next(Anchor, At("2027-05-01T10:00:00Z")));
    }

    [Theory]
    [InlineData("core.intervaltimer", "{}", "interval: is required")]
    [InlineData("core.intervaltimer", """{"interval": 0}""", "interval: must be at least 1.")]
    [InlineData("core.intervaltimer", """{"interval": 5, "unit": "weeks"}""", "unit: must be one of seconds, minutes, hours, days.")]
    [InlineData("core.intervaltimer", """{"interval": 9223372036854775807}""", "interval: is too long: at most 3153600000 seconds.")]
    [InlineData("core.intervaltimer", """{"interval": 36501, "unit": "days"}""", "interval: is too long: at most 36500 days.")]
    [InlineData("core.intervaltimer", """{"intervall": 5, "interval": 5}""", "intervall: is not known. Did you mean 'interval'?")]
    [InlineData("core.intervaltimer", "[]", ": must be an object")]
    [InlineData("core.crontimer", "null", "expression: is required")]
    [InlineData("core.crontimer", """{"expression": "* *"}""", "expression: has 2 fields")]
    [InlineData("core.crontimer", """{"expression": "@daily", "timezone": "Europe/Berlinn"}""", "'Europe/Berlinn' is no time zone. Did you mean 'Europe/Berlin'?")]
    [InlineData("core.crontimer", """{"expression": "@daily", "timezone": "new york"}""", "Did you mean 'America/New_York'?")]
    [InlineData("core.crontimer", """{"expression": "@daily", "timezone": "../../etc/passwd"}""", "is no time zone.")]
    [InlineData("core.crontimer", """{"expression": "@daily", "timezone": ""}""", "is no time zone.")]
    [InlineData("core.crontimer", """{"expression": "@daily", "missed": "some"}""", "missed: must be one of skip, latest, all.")]
    [InlineData("core.datetimetimer", """{"date": "tomorrow"}""", "date: must be a date-time such as 2027-01-31T12:00:00Z.")]
    [InlineData("core.datetimetimer", """{"date": "2027-01-31T12:00:00Z", "missed": "all"}""", "missed: must be one of skip, latest.")]
    public void A_mistake_in_the_parameters_is_named(string trigger, string parameters, string expected)
        => Assert.Contains(expected, Assert.Single(Problems(trigger, parameters)), StringComparison.Ordinal);

    [Fact]
    public void All_mistakes_in_the_parameters_are_found_at_once()
        => Assert.Equal(
            ["colour", "expression", "expression", "missed", "timezone"],
            Problems("core.crontimer", """{"expression": "99 99 * * *", "timezone": "Moon/Base", "missed": "no", "colour": 1}""")
                .Select(problem => problem.Split(':')[0]).Order());

    // Every 10 seconds; due at :17. A fire is on time for 5 seconds.
    [Theory]
    [InlineData("latest", "00:00:17", "17", "27", "")]
    [InlineData("skip", "00:00:22", "17", "27", "")]
    [InlineData("latest", "00:00:23", "17", "27", "17-17: 1, 1 late")]
    [InlineData("skip", "00:00:23", "", "27", "17-17: 1, 0 late")]
    [InlineData("all", "00:00:23", "17", "27", "17-17: 1, 1 late")]
    [InlineData("latest", "00:00:45", "37", "47", "17-37: 3, 1 late")]
    [InlineData("skip", "00:00:45", "", "47", "17-37: 3, 0 late")]
    [InlineData("all", "00:00:45", "17 27 37", "47", "17-37: 3, 3 late")]
    [InlineData("latest", "00:00:40", "37", "47", "17-27: 2, 0 late")]
    [InlineData("skip", "00:00:40", "37", "47", "17-27: 2, 0 late")]
    [InlineData("all", "00:00:40", "17 27 37", "47", "17-27: 2, 2 late")]
    public void Missed_fires_follow_the_policy(string missed, string now, string fires, string next, string misses)
    {
        var schedules = new[]
        {
            Timer("core.intervaltimer", $$"""{"interval": 10, "missed": "{{missed}}"}"""),
            Timer("core.crontimer", $$"""{"expression": "7/10 * * * * *", "missed": "{{missed}}"}"""),
        };
        foreach (var schedule in schedules)
        {
            var tick = schedule.Decide(Anchor, At("2027-01-01T00:00:17Z"), At($"2027-01-01T{now}Z"), Grace);
            Assert.Equal(fires, string.Join(' ', tick.Fires.Select(fire => fire.Second)));
            Assert.Equal(next, $"{tick.Next?.Second}");
            Assert.Equal(misses, tick.Misses is { } m ? $"{m.First.Second}-{m.Last.Second}: {m.Count}, {m.FiredLate} late" : "");
        }
    }

    [Theory]
    [InlineData("latest", 1, 1)]
    [InlineData("skip", 0, 0)]
    [InlineData("all", 100, 100)]
    public void A_year_of_missed_seconds_is_arithmetic(string missed, int fires, int late)
    {
        var now = Anchor.AddDays(365).AddSeconds(0.5);
        var tick = Timer("core.intervaltimer", $$"""{"interval": 1, "missed": "{{missed}}"}""")
            .Decide(Anchor, Anchor.AddSeconds(1), now, TimeSpan.Zero);

        Assert.Equal(Enumerable.Range(0, fires).Select(back => Anchor.AddDays(365).AddSeconds(-back)).Reverse(), tick.Fires);
        Assert.Equal(new(Anchor.AddSeconds(1), Anchor.AddDays(365), 365 * 86_400, late), tick.Misses);
        Assert.Equal(Anchor.AddDays(365).AddSeconds(1), tick.Next);
    }

    [Fact]
    public void A_year_of_a_cron_expression_is_counted_up_to_the_limit_and_catches_up_with_the_newest()
    {
        var (due, now) = (At("2027-01-01T00:00:00Z"), At("2028-01-01T00:00:30Z"));
        var tick = Timer("core.crontimer", """{"expression": "* * * * *", "missed": "all"}""").Decide(Anchor, due, now, Grace);

        Assert.Equal(Enumerable.Range(0, 100).Select(back => At("2028-01-01T00:00:00Z").AddMinutes(-back)).Reverse(), tick.Fires);
        Assert.Equal(new(due, At("2028-01-01T00:00:00Z"), Schedule.CountMax, 100), tick.Misses);
    }

    [Fact]
    public void Rare_fires_are_found_backwards_over_years()
    {
        var tick = Timer("core.crontimer", """{"expression": "0 12 29 2 *", "missed": "all"}""")
            .Decide(Anchor, At("2028-02-29T12:00:00Z"), At("2041-01-01T00:00:00Z"), Grace);

        Assert.Equal([2028, 2032, 2036, 2040], tick.Fires.Select(fire => fire.Year));
        Assert.Equal(4, tick.Misses!.Count);
        Assert.Equal(At("2044-02-29T12:00:00Z"), tick.Next);
    }

    [Theory]
    [InlineData("Europe/Berlin", "2027-03-26T23:00:00Z", 1)]
    [InlineData("Europe/Berlin", "2027-10-29T22:00:00Z", 2)]
    [InlineData("Australia/Lord_Howe", "2027-04-02T00:00:00Z", 3)]
    public void Catching_up_fires_what_walking_forward_finds(string zone, string start, int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 30; round++)
        {
            var expression = new RandomCron(random, withSeconds: false).Text;
            var problems = new List<ScheduleProblem>();
            var parameters = JsonElement.Parse($$"""{"expression": "{{expression}}", "timezone": "{{zone}}", "missed": "all"}""");
            if (Schedule.Parse("core.crontimer", parameters, problems) is not { } schedule || schedule.Next(Anchor, At(start)) is not { } due)
                continue;

            var now = due.AddMinutes(random.Next(4 * 1440)).AddSeconds(random.Next(60));
            var walked = new List<DateTimeOffset> { due };
            while (schedule.Next(Anchor, walked[^1]) is { } next && next <= now)
                walked.Add(next);

            var tick = schedule.Decide(Anchor, due, now.AddTicks(1), TimeSpan.Zero);

            var where = $"seed {seed}, round {round}: {expression}, {due:u} to {now:u}";
            Assert.True(walked.TakeLast(Schedule.CatchUpMax).SequenceEqual(tick.Fires), where);
            Assert.True((walked.Count, walked[^1]) == (tick.Misses!.Count, tick.Misses.Last), where);
        }
    }

    [Fact]
    public void What_is_on_time_beyond_the_limit_of_a_tick_counts_as_missed()
    {
        var (due, now) = (Anchor.AddSeconds(1), Anchor.AddSeconds(150));
        var tick = Timer("core.intervaltimer", """{"interval": 1}""").Decide(Anchor, due, now, TimeSpan.FromHours(1));
        Assert.Equal(Schedule.CatchUpMax, tick.Fires.Count);
        Assert.Equal(new(due, Anchor.AddSeconds(50), 50, 0), tick.Misses);
    }

    [Fact]
    public void A_moment_that_was_missed_is_made_up_for_unless_it_is_skipped()
    {
        var (due, now) = (At("2027-05-01T10:00:00Z"), At("2027-05-02T10:00:00Z"));
        var late = Timer("core.datetimetimer", """{"date": "2027-05-01T10:00:00Z"}""").Decide(Anchor, due, now, Grace);
        Assert.Equal([due], late.Fires);
        Assert.Equal((null, new Misses(due, due, 1, 1)), (late.Next, late.Misses));

        var skipped = Timer("core.datetimetimer", """{"date": "2027-05-01T10:00:00Z", "missed": "skip"}""").Decide(Anchor, due, now, Grace);
        Assert.Empty(skipped.Fires);
        Assert.Equal((null, new Misses(due, due, 1, 0)), (skipped.Next, skipped.Misses));
    }

    [Fact]
    public void What_was_due_fires_although_the_schedule_would_not_have_it_then()
    {
        var tick = Timer("core.intervaltimer", """{"interval": 10, "missed": "all"}""")
            .Decide(Anchor, At("2027-01-01T00:00:20Z"), At("2027-01-01T00:00:40Z"), Grace);
        Assert.Equal([20, 27, 37], tick.Fires.Select(fire => fire.Second));
        Assert.Equal(2, tick.Misses!.Count);
    }

    [Fact]
    public void What_is_not_due_yet_stays_due()
    {
        var due = Anchor.AddSeconds(10);
        var tick = Timer("core.intervaltimer", """{"interval": 10}""").Decide(Anchor, due, due.AddSeconds(-1), Grace);
        Assert.Empty(tick.Fires);
        Assert.Equal((due, null), (tick.Next, tick.Misses));
    }

    static Schedule Timer(string trigger, string parameters)
    {
        var problems = new List<ScheduleProblem>();
        var schedule = Schedule.Parse(trigger, JsonElement.Parse(parameters), problems);
        Assert.Empty(problems);
        return schedule!;
    }

    static List<string> Problems(string trigger, string parameters)
    {
        var problems = new List<ScheduleProblem>();
        Assert.Null(Schedule.Parse(trigger, JsonElement.Parse(parameters), problems));
        return [.. problems.Select(problem => $"{problem.Path}: {problem.Message}")];
    }

    static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    static DateTimeOffset? AtOrNull(string? text) => text is null ? null : At(text);
}
