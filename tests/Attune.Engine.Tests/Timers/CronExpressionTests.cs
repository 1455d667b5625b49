namespace Attune.Engine.Tests.Timers;

public sealed class CronExpressionTests
{
    // 2027-01-01 is a Friday.
    [Theory]
    [InlineData("* * * * *", "01-01 00:01:00, 01-01 00:02:00")]
    [InlineData("* * * * * *", "01-01 00:00:01, 01-01 00:00:02")]
    [InlineData("30 9 * * MON-FRI", "01-01 09:30:00, 01-04 09:30:00, 01-05 09:30:00")]
    [InlineData("*/15 8-9 * * *", "01-01 08:00:00, 01-01 08:15:00, 01-01 08:30:00, 01-01 08:45:00, 01-01 09:00:00")]
    [InlineData("5/20 0 * * *", "01-01 00:05:00, 01-01 00:25:00, 01-01 00:45:00, 01-02 00:05:00")]
    [InlineData("10-40/15 0 * * *", "01-01 00:10:00, 01-01 00:25:00, 01-01 00:40:00, 01-02 00:10:00")]
    [InlineData("0 22-2/2 * * *", "01-01 02:00:00, 01-01 22:00:00, 01-02 00:00:00")]
    [InlineData("0 12 1,15 * *", "01-01 12:00:00, 01-15 12:00:00, 02-01 12:00:00")]
    [InlineData("0 0 * feb,Apr *", "02-01 00:00:00, 02-02 00:00:00")]
    [InlineData("0 0 1 NOV-FEB *", "02-01 00:00:00, 11-01 00:00:00, 12-01 00:00:00")]
    [InlineData("15 30 6 ? * sun", "01-03 06:30:15, 01-10 06:30:15")]
    [InlineData("0 6 ? * 0", "01-03 06:00:00, 01-10 06:00:00")]
    [InlineData("0 6 * * 7", "01-03 06:00:00, 01-10 06:00:00")]
    [InlineData("0 6 * * 7-7", "01-03 06:00:00, 01-10 06:00:00")]
    [InlineData("0 6 * * FRI-MON", "01-01 06:00:00, 01-02 06:00:00, 01-03 06:00:00, 01-04 06:00:00, 01-08 06:00:00")]
    [InlineData("0 6 * * 5-7", "01-01 06:00:00, 01-02 06:00:00, 01-03 06:00:00, 01-08 06:00:00")]
    [InlineData("0 6 * * 7-2", "01-03 06:00:00, 01-04 06:00:00, 01-05 06:00:00, 01-10 06:00:00")]
    [InlineData("0 6 * * 0-7", "01-01 06:00:00, 01-02 06:00:00")]
    [InlineData("0 6 * * 1/2", "01-01 06:00:00, 01-03 06:00:00, 01-04 06:00:00, 01-06 06:00:00")]
    [InlineData("0 0 L * *", "01-31 00:00:00, 02-28 00:00:00, 03-31 00:00:00")]
    [InlineData("0 0 L-3 * *", "01-28 00:00:00, 02-25 00:00:00, 03-28 00:00:00")]
    [InlineData("0 0 l-29 * *", "01-02 00:00:00, 03-02 00:00:00, 04-01 00:00:00")]
    [InlineData("0 0 15W * *", "01-15 00:00:00, 02-15 00:00:00, 03-15 00:00:00, 04-15 00:00:00, 05-14 00:00:00")]
    [InlineData("0 0 1W * *", "02-01 00:00:00, 03-01 00:00:00, 04-01 00:00:00, 05-03 00:00:00")]
    [InlineData("0 0 31W * *", "01-29 00:00:00, 03-31 00:00:00, 05-31 00:00:00")]
    [InlineData("0 0 LW * *", "01-29 00:00:00, 02-26 00:00:00, 03-31 00:00:00, 04-30 00:00:00, 05-31 00:00:00")]
    [InlineData("0 0 * * 5L", "01-29 00:00:00, 02-26 00:00:00")]
    [InlineData("0 0 * * friL", "01-29 00:00:00, 02-26 00:00:00")]
    [InlineData("0 0 * * MON#2", "01-11 00:00:00, 02-08 00:00:00")]
    [InlineData("0 0 * * 5#5,7#1", "01-03 00:00:00, 01-29 00:00:00, 02-07 00:00:00")]
    [InlineData("0 0 13 * FRI", "01-08 00:00:00, 01-13 00:00:00, 01-15 00:00:00")]
    [InlineData("0 0 L * MON#1", "01-04 00:00:00, 01-31 00:00:00, 02-01 00:00:00")]
    [InlineData("0 0 */2 * MON", "01-11 00:00:00, 01-25 00:00:00, 02-01 00:00:00")]
    [InlineData("0 0 10-16 * */5", "01-10 00:00:00, 01-15 00:00:00, 02-12 00:00:00")]
    [InlineData("@hourly", "01-01 01:00:00, 01-01 02:00:00")]
    [InlineData("@Daily", "01-02 00:00:00, 01-03 00:00:00")]
    [InlineData("@weekly", "01-03 00:00:00, 01-10 00:00:00")]
    [InlineData("@monthly", "02-01 00:00:00, 03-01 00:00:00")]
    [InlineData("  0\t0  1 1   * ", "")]
    public void An_expression_fires_when_it_says(string text, string expected)
    {
        var times = expected.Split(", ", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(times.Select(time => $"2027-{time} +00:00"), Cron.Fires(text, "UTC", "2027-01-01T00:00:00Z", times.Length));
    }

    [Theory]
    [InlineData("0 0 29 2 *", "2028-02-29, 2032-02-29")]
    [InlineData("0 0 31 */2 *", "2027-01-31, 2027-03-31, 2027-05-31")]
    [InlineData("@yearly", "2028-01-01, 2029-01-01")]
    [InlineData("0 0 */28 2 MON", "2027-02-01, 2038-02-01")]
    public void Rare_days_are_found(string text, string expected)
    {
        var days = expected.Split(", ");
        Assert.Equal(days.Select(day => $"{day} 00:00:00 +00:00"), Cron.Fires(text, "UTC", "2027-01-01T00:00:00Z", days.Length));
    }

    [Fact]
    public void A_leap_day_is_found_across_the_year_2100()
        => Assert.Equal(["2104-02-29 00:00:00 +00:00"], Cron.Fires("0 0 29 FEB *", "UTC", "2096-03-01T00:00:00Z", 1));

    [Fact]
    public void A_part_of_a_second_counts_as_after_its_start()
    {
        Assert.Equal(["2027-01-01 00:00:02 +00:00"], Cron.Fires("* * * * * *", "UTC", "2027-01-01T00:00:01.5Z", 1));
        Assert.Equal(["2027-01-01 00:01:00 +00:00"], Cron.Fires("* * * * *", "UTC", "2027-01-01T00:00:59.9999999Z", 1));
    }

    [Fact]
    public void Before_the_first_and_after_the_last_year_nothing_breaks()
    {
        Assert.Equal(["1970-01-01 00:00:00 +00:00"], Cron.Fires("* * * * *", "UTC", "0001-01-01T00:00:00Z", 1));
        Assert.Empty(Cron.Fires("* * * * *", "Europe/Berlin", "9999-12-31T23:59:59Z", 1));
        Assert.Empty(Cron.Fires("0 0 29 2 *", "Europe/Berlin", "9997-01-01T00:00:00Z", 1));
    }

    [Theory]
    [InlineData("61 * * * *", "minute '61': 61 is out of range: 0 to 59.")]
    [InlineData("60 * * * * *", "second '60': 60 is out of range: 0 to 59.")]
    [InlineData("0 24 * * *", "hour '24': 24 is out of range: 0 to 23.")]
    [InlineData("0 0 0 * *", "day of month '0': 0 is out of range: 1 to 31.")]
    [InlineData("0 0 * 13 *", "month '13': 13 is out of range: 1 to 12 or JAN to DEC.")]
    [InlineData("0 0 * * 8", "day of week '8': 8 is out of range: 0 to 7 or SUN to SAT.")]
    [InlineData("0 0 * JANUARY *", "month 'JANUARY': 'JANUARY' is no month: 1 to 12 or JAN to DEC. Did you mean JAN?")]
    [InlineData("0 0 * * MNO", "Did you mean MON?")]
    [InlineData("0 0 * * MON-FRY", "'FRY' is no day of week: 0 to 7 or SUN to SAT. Did you mean FRI?")]
    [InlineData("-5 * * * *", "minute '-5': '' is no minute: 0 to 59.")]
    [InlineData("1.5 * * * *", "'1.5' is no minute")]
    [InlineData("*/0 * * * *", "minute '*/0': a step is 1 to 59, because every hour starts afresh. core.intervaltimer fires any time apart.")]
    [InlineData("*/90 * * * *", "a step is 1 to 59")]
    [InlineData("*/x * * * *", "a step is 1 to 59")]
    [InlineData("1/2/3 * * * *", "a step is 1 to 59")]
    [InlineData("0 0 */31 * *", "a step is 1 to 30, because every month starts afresh.")]
    [InlineData("/5 * * * *", "minute '/5': a value is missing before `/`, as in `*/5`.")]
    [InlineData("1,,2 * * * *", "minute '': a value is missing beside a comma.")]
    [InlineData("? * * * *", "minute '?': `?` is for the two day fields: write `*`.")]
    [InlineData("0 0 1,? * *", "`?` stands alone.")]
    [InlineData("0 0 * * L", "`L` needs a weekday before it: `5L` is the last Friday.")]
    [InlineData("0 0 * * MON#6", "after `#` comes 1 to 5")]
    [InlineData("0 0 * * #2", "'' is no day of week")]
    [InlineData("0 0 * * 5L/2", "`5L` is one day, which has no steps.")]
    [InlineData("0 0 L-31 * *", "the number is 1 to 30")]
    [InlineData("0 0 L-3W * *", "the number is 1 to 30")]
    [InlineData("0 0 32W * *", "day of month '32W': 32 is out of range: 1 to 31.")]
    [InlineData("0 0 1-L * *", "'L' is no day of month: 1 to 31.")]
    [InlineData("0 0 * * 15W", "'15W' is no day of week")]
    [InlineData("0 L * * *", "'L' is no hour")]
    [InlineData("0 0 30 2 *", "'0 0 30 2 *' never fires: no month that it names has such a day.")]
    [InlineData("0 0 31 4,6,9,11 ?", "never fires")]
    [InlineData("0 0 31W FEB *", "never fires")]
    [InlineData("0 0 L-29 2 *", "never fires")]
    [InlineData("0 0 */30 * MON#2", "never fires")]
    [InlineData("", "is empty: write five fields")]
    [InlineData("* * *", "has 3 fields: write five")]
    [InlineData("@hourl", "'@hourl' is not known: @hourly, @daily")]
    [InlineData("@every 5m", "core.intervaltimer fires a fixed time apart")]
    [InlineData("@reboot", "write times")]
    [InlineData("CRON_TZ=UTC 0 0 * * *", "A time zone stands in `timezone`")]
    [InlineData("0 0 12 * * ? 2027", "a year cannot be given")]
    public void A_mistake_is_named_with_the_field_and_what_would_be_right(string text, string expected)
        => Assert.Contains(expected, Assert.Single(Cron.Problems(text)), StringComparison.Ordinal);

    [Fact]
    public void All_mistakes_are_found_at_once()
        => Assert.Equal(
            ["minute '61'", "hour '25'", "hour '1-b'", "month 'FOO'", "day of week '9'"],
            Cron.Problems("61,5 25,1-b 1 FOO 9").Select(problem => problem.Split(':')[0]));

    [Fact]
    public void Length_and_number_of_mistakes_have_limits()
    {
        Assert.Contains("at most 1000 characters", Assert.Single(Cron.Problems(new string('*', 1001))), StringComparison.Ordinal);
        Assert.Equal(20, Cron.Problems($"{string.Join(',', Enumerable.Repeat("x", 400))} * * * *").Count);
    }
}
