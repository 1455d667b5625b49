using Attune.Server.Tests.Packs;
using Attune.Testing;
using Dapper;
using Grpc.Core;

namespace Attune.Server.Tests.Feed;

/// <summary>In the order of commits; nothing missed, nothing twice.</summary>
public sealed class FeedOrderTests : IAsyncLifetime
{
    FeedBench bench = null!;

    public async Task InitializeAsync() => bench = await FeedBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task What_began_first_and_was_committed_last_comes_last()
    {
        await using var watcher = await bench.WatchAsync();
        await using var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await using var early = await connection.BeginTransactionAsync(Soon);
        await connection.ExecuteAsync("insert into execution (action_ref) values ('edge.early')");

        await bench.ExecuteAsync("insert into execution (action_ref) values ('edge.late')");
        Assert.Equal(["execution 2 edge.late created requested"], (await watcher.NextAsync()).Texts());
        var between = watcher.Cursor;
        await early.CommitAsync(Soon);

        Assert.Equal(["execution 1 edge.early created requested"], (await watcher.NextAsync()).Texts());
        await using var resumed = await bench.WatchAsync(new() { Cursor = between });
        Assert.Equal(["execution 1 edge.early created requested"], (await resumed.NextAsync()).Texts());
    }

    [Fact]
    public async Task Without_a_cursor_only_what_is_committed_from_now_on_is_sent()
    {
        await using var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await using var open = await connection.BeginTransactionAsync(Soon);
        await connection.ExecuteAsync("insert into execution (action_ref) values ('edge.open')");
        await bench.ExecuteAsync("insert into execution (action_ref) values ('edge.before')");

        await using var watcher = await bench.WatchAsync();
        await open.CommitAsync(Soon);

        Assert.Equal(["execution 1 edge.open created requested"], (await watcher.NextAsync()).Texts());
    }

    [Fact]
    public async Task Whoever_comes_back_with_any_cursor_to_any_replica_misses_nothing_and_sees_nothing_twice()
    {
        await using var other = await ServerBench.StartAsync(Soon, bench.Server);
        await using var watcher = await bench.WatchAsync();
        var cursors = new List<(string Cursor, int Seen)> { (watcher.Cursor, 0) };
        var writing = Task.WhenAll(Enumerable.Range(0, 5).Select(WriteAsync));

        var all = new List<string>();
        while (all.Count < 5 * 20 * 4)
        {
            all.AddRange((await watcher.NextAsync()).Texts());
            cursors.Add((watcher.Cursor, all.Count));
        }

        await writing;
        Assert.Equal(all.Count, all.Distinct().Count());
        foreach (var (id, index) in all.Select((text, index) => (text.Split(' ')[1], index)).Where(each => all[each.index].Contains("created")))
            Assert.True(all.FindIndex(text => text.StartsWith($"execution {id} ", StringComparison.Ordinal)) == index);

        foreach (var (cursor, seen) in cursors.Where(each => each.Seen < all.Count))
        {
            await using var resumed = await bench.WatchAsync(new() { Cursor = cursor }, replica: seen % 2 == 0 ? other : bench.Server);
            Assert.Equal(all.Skip(seen), (await resumed.TakeAsync(all.Count - seen)).Texts());
        }
    }

    [Fact]
    public async Task A_reader_that_breaks_off_after_every_message_while_others_write_gets_everything_once()
    {
        await using var other = await ServerBench.StartAsync(Soon, bench.Server);
        await using var first = await bench.WatchAsync();
        var cursor = first.Cursor;
        var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(WriteAsync));

        var seen = new List<string>();
        for (var turn = 0; seen.Count < 4 * 20 * 4; turn++)
        {
            await using var watcher = await bench.WatchAsync(new() { Cursor = cursor }, replica: turn % 2 == 0 ? other : bench.Server);
            seen.AddRange((await watcher.NextAsync()).Texts());
            cursor = watcher.Cursor;
        }

        await writing;
        Assert.Equal(4 * 20 * 4, seen.Distinct().Count());
        Assert.Equal(seen.Count, seen.Distinct().Count());
    }

    [Fact]
    public async Task Two_replicas_tell_the_same_order()
    {
        await using var other = await ServerBench.StartAsync(Soon, bench.Server);
        await using var here = await bench.WatchAsync();
        await using var there = await bench.WatchAsync(new() { Cursor = here.Cursor }, replica: other);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(WriteAsync));

        Assert.Equal((await here.TakeAsync(4 * 20 * 4)).Texts(), (await there.TakeAsync(4 * 20 * 4)).Texts());
    }

    [Fact]
    public async Task Positions_have_no_gaps()
    {
        await using var watcher = await bench.WatchAsync();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(WriteAsync));
        await watcher.TakeAsync(4 * 20 * 4);

        Assert.Equal(
            (1L, true),
            await bench.ReadAsync<(long, bool)>("select min(position), count(distinct position) = max(position) from notification"));
    }

    [Theory]
    [InlineData("nonsense", StatusCode.InvalidArgument, "CURSOR_INVALID")]
    [InlineData("*", StatusCode.InvalidArgument, "CURSOR_INVALID")]
    [InlineData("Zi0x", StatusCode.InvalidArgument, "CURSOR_INVALID")]
    [InlineData("Zjk5OTk5", StatusCode.FailedPrecondition, "CURSOR_EXPIRED")]
    public async Task A_cursor_that_is_none_of_this_feed_is_refused(string cursor, StatusCode code, string reason)
    {
        var refused = await RefusedCall.OfAsync(() => bench.WatchAsync(new() { Cursor = cursor }));

        Assert.Equal((code, reason), (refused.Code, refused.Reason));
    }

    // Two statements a transaction, so that transactions of several writers overlap.
    async Task WriteAsync(int writer)
    {
        await using var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        for (var turn = 0; turn < 20; turn++)
        {
            await using var transaction = await connection.BeginTransactionAsync(Soon);
            var ids = (await connection.QueryAsync<long>(
                "insert into execution (action_ref) select 'edge.w' || @writer from generate_series(1, 2) returning id", new { writer })).ToArray();
            await connection.ExecuteAsync("update execution set status = 'running' where id = any(@ids)", new { ids });
            await transaction.CommitAsync(Soon);
        }
    }
}
