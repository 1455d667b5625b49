using System.Threading.Channels;
using Attune.Server.Storage;
using Attune.Testing;
using Npgsql;

namespace Attune.Server.Tests.Storage;

/// <summary>The writes are real ones, into a table whose check refuses negative numbers.</summary>
public sealed class GroupWriterTests : IAsyncLifetime
{
    DatabaseBench bench = null!;

    public async Task InitializeAsync()
    {
        bench = await DatabaseBench.CreateEmptyAsync(Waiting.SoonEnough);
        await ScalarAsync("create schema attune");
        await ScalarAsync("create table number (value int check (value >= 0), batch xid8 default pg_current_xact_id())");
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task A_caller_continues_when_its_item_is_committed()
    {
        await using var writer = new GroupWriter<int, int>(InsertAsync);
        Assert.Equal(70, await writer.WriteAsync(7, Waiting.SoonEnough));
        Assert.Equal(7, await ScalarAsync("select value from number"));
    }

    [Fact]
    public async Task What_is_queued_during_one_write_goes_together_into_the_next()
    {
        var firstMayEnd = new TaskCompletionSource();
        var firstBegan = new TaskCompletionSource();
        var sizes = new List<int>();
        await using var writer = new GroupWriter<int, int>(async (items, ct) =>
        {
            sizes.Add(items.Count);
            firstBegan.TrySetResult();
            await firstMayEnd.Task.WaitAsync(ct);
            return await InsertAsync(items, ct);
        });

        var first = writer.WriteAsync(0, Waiting.SoonEnough).AsTask();
        await firstBegan.Task.WaitAsync(Waiting.SoonEnough);
        var others = Enumerable.Range(1, 50).Select(number => writer.WriteAsync(number, Waiting.SoonEnough).AsTask()).ToList();
        firstMayEnd.SetResult();

        Assert.Equal(Enumerable.Range(1, 50).Select(number => number * 10), await Task.WhenAll(others));
        Assert.Equal(0, await first);
        Assert.Equal([1, 50], sizes);
        Assert.Equal(2L, await ScalarAsync("select count(distinct batch) from number"));
    }

    [Fact]
    public async Task No_batch_is_larger_than_the_limit()
    {
        var sizes = new List<int>();
        await using var writer = new GroupWriter<int, int>(
            async (items, ct) =>
            {
                sizes.Add(items.Count);
                return await InsertAsync(items, ct);
            },
            batchMax: 10);

        var results = await writer.WriteAsync([.. Enumerable.Range(0, 95)], Waiting.SoonEnough);
        Assert.Equal(Enumerable.Range(0, 95).Select(number => number * 10), results);
        Assert.All(sizes, size => Assert.InRange(size, 1, 10));
        Assert.Equal(95L, await ScalarAsync("select count(*) from number"));
    }

    [Fact]
    public async Task A_poisoned_item_sinks_itself_and_no_other()
    {
        await using var writer = new GroupWriter<int, int>(InsertAsync);
        var writes = Enumerable.Range(0, 100)
            .Select(number => (Number: number, Write: writer.WriteAsync(number is 13 or 77 ? -number : number, Waiting.SoonEnough).AsTask()))
            .ToList();

        foreach (var (number, write) in writes)
        {
            if (number is 13 or 77)
                Assert.Equal(PostgresErrorCodes.CheckViolation, (await Assert.ThrowsAsync<PostgresException>(() => write)).SqlState);
            else
                Assert.Equal(number * 10, await write);
        }

        Assert.Equal(98L, await ScalarAsync("select count(*) from number"));
    }

    [Fact]
    public async Task A_list_with_a_poisoned_item_fails_after_the_others_were_written()
    {
        await using var writer = new GroupWriter<int, int>(InsertAsync);
        await Assert.ThrowsAsync<PostgresException>(() => writer.WriteAsync([1, -2, 3], Waiting.SoonEnough).AsTask());
        Assert.Equal(4L, await ScalarAsync("select sum(value) from number"));
    }

    [Fact]
    public async Task A_database_that_went_away_fails_the_batch_without_trying_its_items_one_by_one()
    {
        var calls = 0;
        await using var writer = new GroupWriter<int, int>(async (items, ct) =>
        {
            calls++;
            await using var connection = await bench.Db.OpenConnectionAsync(ct);
            await using var command = new NpgsqlCommand("select pg_terminate_backend(pg_backend_pid())", connection);
            await command.ExecuteNonQueryAsync(ct);
            return await InsertAsync(items, ct);
        });

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => writer.WriteAsync([1, 2, 3], Waiting.SoonEnough).AsTask());
        Assert.InRange(calls, 1, 3);
        Assert.Equal(0L, await ScalarAsync("select count(*) from number"));
    }

    [Fact]
    public async Task Stopping_writes_what_is_queued_and_takes_nothing_more()
    {
        var writer = new GroupWriter<int, int>(InsertAsync, batchMax: 3);
        var writes = Enumerable.Range(0, 20).Select(number => writer.WriteAsync(number, Waiting.SoonEnough).AsTask()).ToList();
        await writer.StopAsync(Waiting.SoonEnough);

        await Task.WhenAll(writes);
        Assert.Equal(20L, await ScalarAsync("select count(*) from number"));
        await Assert.ThrowsAsync<ChannelClosedException>(() => writer.WriteAsync(1, Waiting.SoonEnough).AsTask());
        await writer.DisposeAsync();
    }

    [Fact]
    public async Task Giving_up_on_the_queue_fails_what_is_in_it()
    {
        await using var writer = new GroupWriter<int, int>(async (items, ct) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
            return [.. items];
        });
        var write = writer.WriteAsync(1, Waiting.SoonEnough).AsTask();
        await writer.StopAsync(new(canceled: true));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
    }

    [Fact]
    public async Task A_caller_who_cancels_stops_waiting_and_the_loop_goes_on()
    {
        var mayEnd = new TaskCompletionSource();
        await using var writer = new GroupWriter<int, int>(async (items, ct) =>
        {
            await mayEnd.Task.WaitAsync(ct);
            return await InsertAsync(items, ct);
        });
        using var impatience = new CancellationTokenSource();
        var write = writer.WriteAsync(1, impatience.Token).AsTask();
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);

        mayEnd.SetResult();
        Assert.Equal(20, await writer.WriteAsync(2, Waiting.SoonEnough));
    }

    [Fact]
    public async Task A_full_queue_makes_callers_wait_and_loses_nothing()
    {
        await using var writer = new GroupWriter<int, int>(InsertAsync, batchMax: 100, capacity: 5);
        var callers = Enumerable.Range(0, 20).Select(async caller =>
        {
            for (var number = 0; number < 25; number++)
                Assert.Equal(number * 10, await writer.WriteAsync(number, Waiting.SoonEnough));
        });
        await Task.WhenAll(callers);
        Assert.Equal(500L, await ScalarAsync("select count(*) from number"));
    }

    async Task<IReadOnlyList<int>> InsertAsync(IReadOnlyList<int> numbers, CancellationToken ct)
    {
        await using var command = bench.Db.CreateCommand("insert into number (value) select unnest($1) returning value * 10");
        command.Parameters.Add(new() { Value = numbers.ToArray() });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var results = new List<int>();
        while (await reader.ReadAsync(ct))
            results.Add(reader.GetInt32(0));
        return results;
    }

    async Task<object?> ScalarAsync(string sql)
    {
        await using var command = bench.Db.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    [Fact]
    public async Task A_batch_ends_before_the_item_that_would_make_it_too_heavy_and_a_heavier_one_goes_alone()
    {
        var firstMayEnd = new TaskCompletionSource();
        var batches = new List<int[]>();
        await using var writer = new GroupWriter<int, int>(
            async (items, ct) =>
            {
                batches.Add([.. items]);
                await firstMayEnd.Task.WaitAsync(ct);
                return await InsertAsync(items, ct);
            },
            batchMax: 10,
            weigh: item => item);

        var first = writer.WriteAsync(1, Waiting.SoonEnough).AsTask();
        await Waiting.UntilAsync(() => batches.Count == 1, "the first write", Waiting.SoonEnough);
        var others = ((int[])[4, 6, 5, 99, 2, 8]).Select(item => writer.WriteAsync(item, Waiting.SoonEnough).AsTask()).ToList();
        firstMayEnd.SetResult();
        await first;
        await Task.WhenAll(others);

        Assert.Equal([[1], [4, 6], [5], [99], [2, 8]], batches);
    }
}
