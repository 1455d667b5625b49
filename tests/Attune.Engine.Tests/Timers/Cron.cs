using System.Globalization;
using Attune.Engine.Timers;

namespace Attune.Engine.Tests.Timers;

/// <summary>Asks cron expressions the way the tests write them: UTC in, the zone's own time out.</summary>
static class Cron
{
    public static CronExpression Parse(string text)
    {
        var problems = new List<string>();
        return CronExpression.TryParse(text, problems, out var expression)
            ? expression
            : throw new ArgumentException($"{text}: {string.Join(" | ", problems)}");
    }

    public static List<string> Problems(string text)
    {
        var problems = new List<string>();
        Assert.False(CronExpression.TryParse(text, problems, out _), $"'{text}' was taken.");
        return problems;
    }

    /// <summary>The fires from a moment of UTC on, as times on the zone's clock with the offset.</summary>
    public static IEnumerable<string> Fires(string expression, string zone, string after, int count)
    {
        var (cron, where) = (Parse(expression), TimeZoneInfo.FindSystemTimeZoneById(zone));
        var clock = new ZoneClock(where);
        var fire = DateTimeOffset.Parse(after, CultureInfo.InvariantCulture);
        while (count-- > 0 && clock.Next(cron, fire) is { } next)
        {
            yield return TimeZoneInfo.ConvertTime(next, where).ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture);
            fire = next;
        }
    }
}
