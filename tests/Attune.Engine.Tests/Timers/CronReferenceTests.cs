using Attune.Engine.Timers;

namespace Attune.Engine.Tests.Timers;

/// <summary>
/// Random expressions against a clock that is watched second by second or minute by minute. The expressions are made together with the sets of
/// values that they stand for, so nothing here reads one.
/// </summary>
public sealed class CronReferenceTests
{
    static readonly string[] Zones =
        ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago", "Africa/Casablanca", "Pacific/Apia"];

    [Theory]
    [InlineData(2026, 1, 12)]
    [InlineData(2027, 2, 12)]
    [InlineData(2011, 3, 12)]
    public void Minutes_of_a_year_agree_with_a_watched_clock(int year, int seed, int perZone)
    {
        foreach (var zone in Zones)
        {
            var watched = new WatchedClock(zone, new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc), 366 * 1440, secondsPerTick: 60);
            var random = new Random(seed * 1000 + zone.Length);
            for (var round = 0; round < perZone; round++)
                Agree(watched, new RandomCron(random, withSeconds: false), $"seed {seed}, round {round}");
        }
    }

    // Two days around each kind of change: Berlin in March and October, Lord Howe in April and October.
    [Theory]
    [InlineData("Europe/Berlin", "2027-03-27T12:00:00", 11)]
    [InlineData("Europe/Berlin", "2027-10-30T12:00:00", 12)]
    [InlineData("America/New_York", "2027-11-06T12:00:00", 13)]
    [InlineData("Australia/Lord_Howe", "2027-04-03T00:00:00", 14)]
    [InlineData("Australia/Lord_Howe", "2027-10-02T00:00:00", 15)]
    public void Seconds_around_a_change_agree_with_a_watched_clock(string zone, string start, int seed)
    {
        var watched = new WatchedClock(zone, DateTime.SpecifyKind(DateTime.Parse(start), DateTimeKind.Utc), 2 * 86_400, secondsPerTick: 1);
        var random = new Random(seed);
        for (var round = 0; round < 40; round++)
            Agree(watched, new RandomCron(random, withSeconds: true), $"seed {seed}, round {round}");
    }

    static void Agree(WatchedClock watched, RandomCron cron, string where)
    {
        where = $"{cron.Text} in {watched.Zone} ({where})";
        var problems = new List<string>();
        if (!CronExpression.TryParse(cron.Text, problems, out var expression))
        {
            // A day that no month has, such as 31 in February; the reference must not find one either.
            Assert.True(
                problems is [var problem] && problem.Contains("never fires", StringComparison.Ordinal), $"{where}: {string.Join(" | ", problems)}");
            Assert.False(watched.Fires(cron).Any(), where);
            return;
        }

        var clock = new ZoneClock(TimeZoneInfo.FindSystemTimeZoneById(watched.Zone));
        var (at, gap, count) = (watched.Start.AddTicks(-1), TimeSpan.Zero, 0);
        foreach (var expected in watched.Fires(cron))
        {
            // Where fires come evenly for long, every fiftieth is asked for.
            if (expected - at != gap || count++ % 50 == 0)
            {
                var next = clock.Next(expression, at);
                Assert.True(next == expected, $"{where}: after {at:u} it fires at {next:u}, the watched clock says {expected:u}");
            }

            (gap, at) = (expected - at, expected);
        }

        Assert.True(!(clock.Next(expression, at) < watched.End), $"{where}: after {at:u} the watched clock has no more fires");
    }
}
