using Attune.EndToEnd.Tests.FirstRun;
using Attune.Testing;
using Dapper;
using Npgsql;

namespace Attune.EndToEnd.Tests.Stories;

/// <summary>
/// Rules by the clock of Berlin while that clock is set forward and back: PostgreSQL, the server and the agent are real processes, which all
/// believe in the same other day and see each change come. `Timers/DaylightSavingTests` of the engine has the rule in all its cases.
/// </summary>
public sealed class DaylightSavingStoryTests : IAsyncLifetime
{
    DevSite? site;
    NpgsqlDataSource? db;

    static CancellationToken Soon => Waiting.SoonEnough;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (db is not null)
            await db.DisposeAsync();
        if (site is not null)
            await site.DisposeAsync();
    }

    [Fact]
    public async Task In_spring_a_time_that_is_left_out_fires_once_right_after_the_gap_and_a_rhythm_knows_no_gap()
    {
        await StartAsync("2026-03-29T00:50:00Z");
        await CreateAsync("nightly", "30 2 * * *");
        await CreateAsync("half", "*/30 1-3 29 3 *");

        // At 1:00 UTC the clock goes from 2:00 to 3:00.
        await PassAsync("2026-03-29T01:00:00Z", "half");
        await PassAsync("2026-03-29T01:30:00Z", "half");
        await PassAsync("2026-03-30T00:30:00Z", "nightly");

        Assert.Equal(["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"], await FiresAsync("nightly"));
        Assert.Equal(["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"], await FiresAsync("half"));
    }

    [Fact]
    public async Task In_autumn_a_time_that_comes_twice_fires_the_first_time_and_a_rhythm_in_both_passes()
    {
        await StartAsync("2026-10-25T00:20:00Z");
        await CreateAsync("nightly", "30 2 * * *");
        await CreateAsync("half", "*/30 2 25 10 *");

        // At 1:00 UTC the clock goes from 3:00 to 2:00, and shows 2:30 at 0:30 and at 1:30.
        await PassAsync("2026-10-25T00:30:00Z", "half");
        await PassAsync("2026-10-25T01:00:00Z", "half");

        // Made between both passes: what the clock showed before is over for it too.
        await CreateAsync("late", "30 2 * * *");
        await PassAsync("2026-10-25T01:30:00Z", "half");
        await PassAsync("2026-10-26T01:30:00Z", "nightly");

        Assert.Equal(["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"], await FiresAsync("nightly"));
        Assert.Equal(["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"], await FiresAsync("half"));
        await UntilRanAsync("2026-10-26T01:30:00Z", "late");
        Assert.Equal(["2026-10-26T01:30:00Z"], await FiresAsync("late"));
    }

    async Task StartAsync(string now)
    {
        site = new(At(now));
        await site.InitializeAsync();
        db = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
        {
            Host = Path.Combine(site.StateDirectory, "postgres", "socket"),
            Username = "postgres",
            Database = "attune",
            SearchPath = "attune",
            Timezone = "UTC",
        });
        await CreateAsync("alarm", "0 0 1 1 *");
    }

    async Task CreateAsync(string name, string expression) => await site!.AskAsync(
        "rule", "create", $"core.{name}", "--trigger", "core.crontimer", "--trigger-param", $"expression={expression}",
        "--trigger-param", "timezone=Europe/Berlin", "--trigger-param", "missed=all", "--action", "core.echo", "--param", $"message={name}");

    // Set to just before it, so that the moment itself comes to running processes by itself.
    async Task PassAsync(string moment, string rule)
    {
        site!.Clock!.Set(At(moment) - TimeSpan.FromSeconds(2));

        // As after a suspend, the server would notice within a minute; a change of any rule makes it look at the clock.
        await site.AskAsync("rule", "disable", "core.alarm");
        await site.AskAsync("rule", "enable", "core.alarm");
        await UntilRanAsync(moment, rule);
    }

    Task UntilRanAsync(string moment, string rule) => Waiting.UntilAsync(
        async () => (await RunsAsync(rule)).Any(run => Utc(run.ScheduledAt) == moment && run.Status is "completed"),
        () => $"{rule} at {moment} in:\n{site!.Dev.Process.Both}",
        Soon);

    async Task<IEnumerable<string>> FiresAsync(string rule)
    {
        var runs = await RunsAsync(rule);

        // Each ran once, by an agent whose clock agrees, when it was due and not when the next was.
        Assert.All(runs, run => Assert.Equal(("completed", 1), (run.Status, run.Attempt)));
        Assert.All(runs, run => Assert.InRange(run.StartedAt!.Value, run.ScheduledAt, run.ScheduledAt.AddMinutes(25)));
        return runs.Select(run => Utc(run.ScheduledAt));
    }

    async Task<List<Run>> RunsAsync(string rule)
    {
        await using var connection = await db!.OpenConnectionAsync(Soon);
        return (await connection.QueryAsync<Run>("""
            select (e.payload ->> 'scheduled_at')::timestamptz as "ScheduledAt", x.status::text as "Status", x.attempt as "Attempt", x.started_at as "StartedAt"
            from event e
            left join enforcement n on n.event = e.id
            left join execution x on x.enforcement = n.id
            where e.rule_ref = @rule
            order by 1
            """, new { rule = $"core.{rule}" })).AsList();
    }

    static DateTimeOffset At(string moment) => DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture);

    static string Utc(DateTime moment) => moment.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    sealed record Run
    {
        public required DateTime ScheduledAt { get; init; }
        public string? Status { get; init; }
        public int Attempt { get; init; }
        public DateTime? StartedAt { get; init; }
    }
}
