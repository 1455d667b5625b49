using Attune.Server.Feed;
using Attune.Server.Hosting;
using Attune.Server.Storage;
using Attune.Testing;
using Attune.V1;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Attune.Server.Tests.Feed;

/// <summary>The reader, the tail and a watcher without a server around them, so that time and turns are the test's.</summary>
public sealed class FeedTailTests : IAsyncLifetime
{
    static readonly Caller Everyone = Caller.Anonymous with { Grants = [new("*", ["*"], [])] };

    readonly ManualClock clock = new();
    readonly FeedTail tail = new();
    DatabaseBench database = null!;
    FeedStore store = null!;
    DatabaseListener listener = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    FeedReader Reader => field ??= new(store, tail, listener, clock, NullLogger<FeedReader>.Instance);

    public async Task InitializeAsync()
    {
        database = await DatabaseBench.CreateAsync(Soon);
        store = new(database.Db);
        listener = new(
            Options.Create(new StorageOptions { ConnectionString = database.ConnectionString }), TimeProvider.System,
            NullLogger<DatabaseListener>.Instance);
    }

    public async Task DisposeAsync()
    {
        await Reader.StopAsync(Soon);
        await listener.StopAsync(Soon);
        Reader.Dispose();
        listener.Dispose();
        await database.DisposeAsync();
    }

    [Fact]
    public async Task A_watcher_that_falls_behind_the_tail_reads_the_table_and_goes_on_without_a_gap()
    {
        await using var watcher = Watch();
        await watcher.MoveNextAsync();
        await Reader.LookAsync(Soon);

        for (var batch = 0; batch < 5; batch++)
        {
            await ExecuteAsync(
                $$"""
                insert into notification (channel, entity_type, entity, activity, content)
                select 'feed', 'execution', i::text, 'created', jsonb_build_object('ids', array[i], 'refs', array['edge.a'], 'status', 'requested')
                from generate_series({{batch * 800 + 1}}, {{batch * 800 + 800}}) i
                """);
            await Reader.LookAsync(Soon);
        }

        Assert.Null(tail.Look(0).Rows);
        var seen = new List<long>();
        while (seen.Count < 4000)
        {
            Assert.True(await watcher.MoveNextAsync());
            seen.AddRange(Next(watcher).Changes.Select(change => change.EntityId));
        }

        Assert.Equal(Enumerable.Range(1, 4000).Select(id => (long)id), seen);
        Assert.Empty(tail.Look(4000).Rows!);
    }

    [Fact]
    public async Task An_idle_stream_says_every_fifteen_seconds_where_it_is()
    {
        await using var watcher = Watch(new() { EntityTypes = { "rule" } });
        await watcher.MoveNextAsync();
        var first = Next(watcher).Cursor;
        await ExecuteAsync("insert into execution (action_ref) values ('edge.a')");
        await Reader.LookAsync(Soon);

        var next = watcher.MoveNextAsync();
        await Waiting.UntilAsync(() => clock.WaitingTimers > 0, "the watcher waits", Soon);
        clock.Advance(WatchFeed.KeepAlive - TimeSpan.FromTicks(1));
        Assert.False(next.IsCompleted);
        clock.Advance(TimeSpan.FromTicks(1));

        Assert.True(await next);
        Assert.Empty(Next(watcher).Changes);
        Assert.NotEqual(first, Next(watcher).Cursor);
    }

    [Fact]
    public async Task A_commit_that_nobody_watches_is_given_a_position_with_the_next_round_and_not_at_once()
    {
        var (listening, heard) = (new TaskCompletionSource(), new TaskCompletionSource());
        using var subscription = listener.Subscribe("attune_notifications", payload => (payload is null ? listening : heard).TrySetResult());
        await listener.StartAsync(Soon);
        await listening.Task.WaitAsync(Soon);
        await Reader.StartAsync(Soon);
        await Waiting.UntilAsync(() => clock.WaitingTimers > 0, "the reader sleeps", Soon);

        await ExecuteAsync("insert into execution (action_ref) values ('edge.a')");
        await heard.Task.WaitAsync(Soon);
        Assert.Equal(0, (await store.ReadBoundsAsync(Soon)).Last);

        clock.Advance(TimeSpan.FromSeconds(5));
        await Waiting.UntilAsync(async () => (await store.ReadBoundsAsync(Soon)).Last == 1, "a position", Soon);
    }

    [Fact]
    public async Task What_is_older_than_the_retention_goes_and_a_cursor_from_before_has_expired()
    {
        for (var i = 0; i < 4; i++)
            await ExecuteAsync("insert into execution (action_ref) values ('edge.a')");
        await store.GivePositionsAsync(Soon);
        await ExecuteAsync("update notification set created = now() - interval '8 days' where position < 4");

        await SweepAsync();

        Assert.Equal(new FeedBounds(4, 4), await store.ReadBoundsAsync(Soon));
        Assert.Equal("CURSOR_EXPIRED", await FailureFromAsync(2));
        Assert.Null(await FailureFromAsync(3));
        Assert.Null(await FailureFromAsync(4));
        Assert.Equal("CURSOR_EXPIRED", await FailureFromAsync(5));
    }

    [Fact]
    public async Task The_newest_change_stays_whatever_its_age_so_that_positions_go_on()
    {
        await ExecuteAsync("insert into execution (action_ref) values ('edge.a')");
        await store.GivePositionsAsync(Soon);
        await ExecuteAsync("update notification set created = now() - interval '80 days'");

        await SweepAsync();
        await ExecuteAsync("insert into execution (action_ref) values ('edge.a')");
        await store.GivePositionsAsync(Soon);

        Assert.Equal(new FeedBounds(1, 2), await store.ReadBoundsAsync(Soon));
        Assert.Null(await FailureFromAsync(1));
    }

    [Fact]
    public async Task Rows_that_somebody_else_wrote_are_passed_over()
    {
        await ExecuteAsync(
            """
            insert into notification (channel, entity_type, entity, activity, content)
            values ('mine', 'execution', 'x', 'created', '{"ids": 7}'), ('mine', 'toaster', 'y', 'burnt', null)
            """);
        await ExecuteAsync("insert into execution (action_ref) values ('edge.a')");
        await using var watcher = Watch(from: 0);
        await watcher.MoveNextAsync();

        await watcher.MoveNextAsync();

        Assert.Equal(["execution 1 edge.a created requested"], Next(watcher).Changes.Texts());
    }

    IAsyncEnumerator<Result<WatchResponse>> Watch(WatchRequest? request = null, long? from = null)
    {
        Assert.True(FeedFilter.Of(request ?? new(), Everyone).IsOk(out var filter, out _));
        return new WatchFeed(store, tail, clock).RunAsync(from, filter, Soon).GetAsyncEnumerator(Soon);
    }

    static WatchResponse Next(IAsyncEnumerator<Result<WatchResponse>> watcher)
    {
        Assert.True(watcher.Current.IsOk(out var response, out _));
        return response;
    }

    async Task<string?> FailureFromAsync(long position)
    {
        await using var watcher = Watch(from: position);
        await watcher.MoveNextAsync();
        return watcher.Current.IsOk(out _, out var failure) ? null : failure.Reason;
    }

    async Task SweepAsync()
    {
        var now = new ManualClock(TimeProvider.System.GetUtcNow());
        using var cleanup = new FeedCleanup(store, Options.Create(new FeedOptions()), now, NullLogger<FeedCleanup>.Instance);
        await cleanup.SweepAsync(Soon);
    }

    async Task ExecuteAsync(string sql)
    {
        await using var connection = await database.Db.OpenConnectionAsync(Soon);
        await connection.ExecuteAsync(sql);
    }

    [Fact]
    public async Task What_is_old_stays_behind_what_is_younger_so_that_no_gap_is_left()
    {
        for (var i = 0; i < 4; i++)
            await ExecuteAsync("insert into execution (action_ref) values ('edge.a')");
        await store.GivePositionsAsync(Soon);
        await ExecuteAsync("update notification set created = now() - interval '8 days' where position in (1, 3)");

        await SweepAsync();

        Assert.Equal(new FeedBounds(2, 4), await store.ReadBoundsAsync(Soon));
        Assert.Equal([2, 3, 4], (await store.ReadAfterAsync(1, Soon)).Select(row => row.Position));
    }
}
