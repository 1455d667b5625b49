namespace Attune.Engine.Tests.Timers;

/// <summary>The rule of <see cref="Attune.Engine.Timers.ZoneClock"/> at real changes of real clocks.</summary>
public sealed class DaylightSavingTests
{
    // Berlin 2027: 28 March 02:00 → 03:00 and 31 October 03:00 → 02:00. New York: 14 March and 7 November, at 02:00.
    // Lord Howe goes half an hour: 4 April 02:00 → 01:30 and 3 October 02:00 → 02:30.
    [Theory]
    [InlineData("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "03-28 03:00:00 +02:00, 03-29 02:30:00 +02:00")]
    [InlineData("30 2 * * *", "America/New_York", "2027-03-13T12:00:00Z", "03-14 03:00:00 -04:00, 03-15 02:30:00 -04:00")]
    [InlineData("15 2 * * *", "Australia/Lord_Howe", "2027-10-02T12:00:00Z", "10-03 02:30:00 +11:00, 10-04 02:15:00 +11:00")]
    public void A_time_that_is_left_out_fires_right_after_the_gap(string expression, string zone, string after, string expected)
        => Fires(expression, zone, after, expected);

    [Theory]
    [InlineData("15,45 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "03-28 03:00:00 +02:00, 03-29 02:15:00 +02:00")]
    [InlineData("30 2,3 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "03-28 03:00:00 +02:00, 03-28 03:30:00 +02:00")]
    [InlineData("0 2,3 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "03-28 03:00:00 +02:00, 03-29 02:00:00 +02:00")]
    [InlineData("10,20 0 2 * * *", "America/New_York", "2027-03-13T12:00:00Z", "03-14 03:00:00 -04:00, 03-15 02:00:10 -04:00")]
    public void All_times_of_a_gap_are_one_fire(string expression, string zone, string after, string expected)
        => Fires(expression, zone, after, expected);

    [Theory]
    [InlineData("30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", "10-31 02:30:00 +02:00, 11-01 02:30:00 +01:00")]
    [InlineData("0 3 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", "10-31 03:00:00 +01:00, 11-01 03:00:00 +01:00")]
    [InlineData("0 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", "10-31 02:00:00 +02:00, 11-01 02:00:00 +01:00")]
    [InlineData("30 1 * * *", "America/New_York", "2027-11-06T12:00:00Z", "11-07 01:30:00 -04:00, 11-08 01:30:00 -05:00")]
    [InlineData("45 1 * * *", "Australia/Lord_Howe", "2027-04-03T02:00:00Z", "04-04 01:45:00 +11:00, 04-05 01:45:00 +10:30")]
    public void A_time_that_comes_twice_fires_the_first_time(string expression, string zone, string after, string expected)
        => Fires(expression, zone, after, expected);

    // Between both passes: what was reached in the first one is over.
    [Theory]
    [InlineData("30 2 * * *", "Europe/Berlin", "2027-10-31T00:45:00Z", "11-01 02:30:00 +01:00")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2027-10-31T01:00:00Z", "11-01 02:30:00 +01:00")]
    [InlineData("30 2 * * *", "Europe/Berlin", "2027-10-31T01:10:00Z", "11-01 02:30:00 +01:00")]
    [InlineData("0 3 * * *", "Europe/Berlin", "2027-10-31T01:10:00Z", "10-31 03:00:00 +01:00")]
    public void Asked_between_both_passes_it_does_not_fire_again(string expression, string zone, string after, string expected)
        => Fires(expression, zone, after, expected);

    [Theory]
    [InlineData("*/30 * * * *", "Europe/Berlin", "2027-03-28T00:00:00Z",
        "03-28 01:30:00 +01:00, 03-28 03:00:00 +02:00, 03-28 03:30:00 +02:00, 03-28 04:00:00 +02:00")]
    [InlineData("0 * * * *", "America/New_York", "2027-03-14T05:00:00Z", "03-14 01:00:00 -05:00, 03-14 03:00:00 -04:00")]
    [InlineData("*/15 2 * * *", "Europe/Berlin", "2027-03-27T12:00:00Z", "03-29 02:00:00 +02:00")]
    [InlineData("*/15 * * * *", "Australia/Lord_Howe", "2027-10-02T15:20:00Z", "10-03 02:30:00 +11:00, 10-03 02:45:00 +11:00")]
    public void A_rhythm_knows_no_gap(string expression, string zone, string after, string expected)
        => Fires(expression, zone, after, expected);

    [Theory]
    [InlineData("*/30 * * * *", "Europe/Berlin", "2027-10-31T00:00:00Z",
        "10-31 02:30:00 +02:00, 10-31 02:00:00 +01:00, 10-31 02:30:00 +01:00, 10-31 03:00:00 +01:00")]
    [InlineData("*/20 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z",
        "10-31 02:00:00 +02:00, 10-31 02:20:00 +02:00, 10-31 02:40:00 +02:00, 10-31 02:00:00 +01:00, 10-31 02:20:00 +01:00, "
        + "10-31 02:40:00 +01:00, 11-01 02:00:00 +01:00")]
    [InlineData("0 * * * *", "America/New_York", "2027-11-07T04:30:00Z",
        "11-07 01:00:00 -04:00, 11-07 01:00:00 -05:00, 11-07 02:00:00 -05:00")]
    [InlineData("*/15 * * * *", "Australia/Lord_Howe", "2027-04-03T14:40:00Z",
        "04-04 01:45:00 +11:00, 04-04 01:30:00 +10:30, 04-04 01:45:00 +10:30, 04-04 02:00:00 +10:30")]
    public void A_rhythm_follows_the_time_that_really_passes(string expression, string zone, string after, string expected)
        => Fires(expression, zone, after, expected);

    [Theory]
    [InlineData("30 2 * * *", "UTC", "2027-03-27T12:00:00Z", "03-28 02:30:00 +00:00, 03-29 02:30:00 +00:00")]
    [InlineData("30 2 * * *", "Asia/Kolkata", "2027-03-27T12:00:00Z", "03-28 02:30:00 +05:30, 03-29 02:30:00 +05:30")]
    [InlineData("0 12 * * *", "Asia/Kathmandu", "2027-03-27T12:00:00Z", "03-28 12:00:00 +05:45")]
    [InlineData("0 0 * * *", "Pacific/Kiritimati", "2027-03-27T12:00:00Z", "03-29 00:00:00 +14:00")]
    [InlineData("0 0 * * *", "Etc/GMT+12", "2027-03-27T13:00:00Z", "03-28 00:00:00 -12:00")]
    public void Zones_without_changes_fire_at_their_own_time(string expression, string zone, string after, string expected)
        => Fires(expression, zone, after, expected);

    // Samoa left out 30 December 2011; midnight itself is left out in Santiago on 5 September 2027.
    [Fact]
    public void A_day_that_was_left_out_and_a_gap_at_midnight_are_gaps_like_others()
    {
        Assert.Equal(
            ["2011-12-29 12:00:00 -10:00", "2011-12-31 00:00:00 +14:00", "2011-12-31 12:00:00 +14:00"],
            Cron.Fires("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", 3));
        Assert.Equal(
            ["2027-09-05 01:00:00 -03:00", "2027-09-06 00:00:00 -03:00"], Cron.Fires("@daily", "America/Santiago", "2027-09-04T12:00:00Z", 2));
    }

    static void Fires(string expression, string zone, string after, string expected)
    {
        var times = expected.Split(", ");
        Assert.Equal(times.Select(time => $"2027-{time}"), Cron.Fires(expression, zone, after, times.Length));
    }
}
