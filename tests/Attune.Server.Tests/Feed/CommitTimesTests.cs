using Attune.Server.Feed;
using Attune.Server.Storage;
using Attune.Server.Tests.Storage;
using Attune.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Attune.Server.Tests.Feed;

/// <summary>Databases that do not keep the moments of commits, and that begin to.</summary>
public sealed class CommitTimesTests : IDisposable, ILogger<FeedReader>
{
    readonly ScratchDirectory scratch = new();
    readonly List<(LogLevel Level, string Text)> logged = [];

    static CancellationToken Soon => Waiting.SoonEnough;

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task Without_them_changes_are_told_by_id_and_what_waits_when_they_begin_comes_first()
    {
        await using (var without = await StartAsync(keepsCommitTimes: false))
        {
            await MigrateAsync(without);
            await using var db = Open(without);
            await InterleaveAsync(db, "early", "late");
            await new FeedStore(db).GivePositionsAsync(Soon);
            Assert.Equal(["early.a", "late.a"], await OpenTransaction.ToldAsync(db));

            await InterleaveAsync(db, "earlier", "later");
        }

        await using var with = await StartAsync(keepsCommitTimes: true);
        await using var kept = Open(with);
        await InterleaveAsync(kept, "written_first", "committed_first");
        await new FeedStore(kept).GivePositionsAsync(Soon);

        Assert.Equal(
            ["early.a", "late.a", "earlier.a", "later.a", "committed_first.a", "written_first.a"], await OpenTransaction.ToldAsync(kept));
    }

    [Fact]
    public async Task A_server_says_once_when_they_are_missing()
    {
        await using var without = await StartAsync(keepsCommitTimes: false);
        await MigrateAsync(without);
        await using var db = Open(without);

        await LookTwiceAsync(db);

        Assert.Contains("track_commit_timestamp = on", Assert.Single(logged, each => each.Level == LogLevel.Information).Text);
    }

    [Fact]
    public async Task A_server_says_nothing_where_they_are_kept()
    {
        await using var database = await DatabaseBench.CreateAsync(Soon);

        await LookTwiceAsync(database.Db);

        Assert.Empty(logged);
    }

    async Task LookTwiceAsync(NpgsqlDataSource db)
    {
        var clock = new ManualClock();
        using var listener = new DatabaseListener(Options.Create(new StorageOptions()), clock, NullLogger<DatabaseListener>.Instance);
        using var reader = new FeedReader(new(db), new(), listener, clock, this);
        await reader.StartAsync(Soon);
        for (var look = 0; look < 2; look++)
        {
            await Waiting.UntilAsync(() => clock.WaitingTimers > 0, "the reader sleeps", Soon);
            clock.Advance(TimeSpan.FromSeconds(5));
        }

        await reader.StopAsync(Soon);
    }

    static async Task InterleaveAsync(NpgsqlDataSource db, string first, string second)
    {
        await using var one = await OpenTransaction.BeginAsync(db);
        await using var two = await OpenTransaction.BeginAsync(db);
        await one.WriteAsync($"{first}.a");
        await two.WriteAsync($"{second}.a");
        await two.CommitAsync();
        await one.CommitAsync();
    }

    Task<PrivatePostgres> StartAsync(bool keepsCommitTimes) => PrivatePostgres.StartAsync(
        new()
        {
            Directory = Path.Combine(scratch.Path, "pg"),
            Overrides = new Dictionary<string, string> { ["track_commit_timestamp"] = keepsCommitTimes ? "on" : "off", ["fsync"] = "off" },
        },
        TimeProvider.System,
        Soon);

    static Task<int> MigrateAsync(PrivatePostgres postgres)
        => new Migrator(postgres.ConnectionString, MigrationFolder.Load(Repository.Migrations), TimeProvider.System).RunAsync((_, _) => { }, Soon);

    static NpgsqlDataSource Open(PrivatePostgres postgres)
        => Database.Open(new() { ConnectionString = postgres.ConnectionString }, "attune-test");

    void ILogger.Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        => logged.Add((logLevel, formatter(state, exception)));

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;
}
