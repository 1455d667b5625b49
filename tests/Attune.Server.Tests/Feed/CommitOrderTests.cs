using System.Collections.Concurrent;
using Attune.Server.Feed;
using Attune.Testing;

namespace Attune.Server.Tests.Feed;

/// <summary>What is told in one round, because nobody watches, is told in the order of the commits all the same.</summary>
public sealed class CommitOrderTests : IAsyncLifetime
{
    DatabaseBench database = null!;
    FeedStore store = null!;

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync()
    {
        database = await DatabaseBench.CreateAsync(Soon);
        store = new(database.Db);
    }

    public async Task DisposeAsync() => await database.DisposeAsync();

    [Fact]
    public async Task What_wrote_first_and_was_committed_last_comes_last_although_nobody_looked_in_between()
    {
        await using var first = await OpenTransaction.BeginAsync(database.Db);
        await using var second = await OpenTransaction.BeginAsync(database.Db);
        await first.WriteAsync("first.a");
        await second.WriteAsync("second.a");
        await first.WriteAsync("first.b");
        await second.WriteAsync("second.b");
        await second.CommitAsync();
        await first.CommitAsync();

        Assert.Equal(["second.a", "second.b", "first.a", "first.b"], await ToldAsync());
    }

    [Fact]
    public async Task A_subtransaction_is_committed_with_its_transaction_and_keeps_its_place_in_it()
    {
        await using var outer = await OpenTransaction.BeginAsync(database.Db);
        await using var other = await OpenTransaction.BeginAsync(database.Db);
        await outer.WriteAsync("outer.a");
        await outer.ExecuteAsync("savepoint inside");
        await outer.WriteAsync("inside.a");
        await other.WriteAsync("other.a");
        await outer.ExecuteAsync("release inside");
        await outer.ExecuteAsync("savepoint undone");
        await outer.WriteAsync("undone.a");
        await outer.ExecuteAsync("rollback to undone");
        await outer.WriteAsync("outer.b");
        await other.CommitAsync();
        await outer.CommitAsync();

        Assert.Equal(["other.a", "outer.a", "inside.a", "outer.b"], await ToldAsync());
    }

    [Fact]
    public async Task However_transactions_overlap_and_whenever_positions_are_given_the_order_is_that_of_the_commits()
    {
        // Two commits at once have no order that a test could know.
        using var oneCommitAtATime = new SemaphoreSlim(1);
        var committed = new ConcurrentQueue<string>();
        using var done = new CancellationTokenSource();
        var giving = GiveUntilAsync(done.Token);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var turn = 0; turn < 30; turn++)
            {
                var name = $"w{writer}.t{turn}";
                await using var transaction = await OpenTransaction.BeginAsync(database.Db);
                for (var statement = 0; statement <= writer % 3; statement++)
                    await transaction.WriteAsync(name);

                await oneCommitAtATime.WaitAsync(Soon);
                await transaction.CommitAsync();
                for (var statement = 0; statement <= writer % 3; statement++)
                    committed.Enqueue(name);
                oneCommitAtATime.Release();
            }
        })));

        await done.CancelAsync();
        await giving;
        Assert.Equal(committed, await ToldAsync());
    }

    [Fact]
    public async Task A_clock_that_was_set_back_puts_no_effect_before_its_cause()
    {
        await using var cause = await OpenTransaction.BeginAsync(database.Db);
        await using var effect = await OpenTransaction.BeginAsync(database.Db);
        await cause.WriteAsync("cause.a");
        // What a clock leaves that was an hour ahead then.
        await cause.ExecuteAsync("update notification set created = now() + interval '1 hour'");
        await effect.WriteAsync("effect.a");
        await effect.CommitAsync();
        await cause.CommitAsync();

        Assert.Equal(["cause.a", "effect.a"], await ToldAsync());
    }

    [Fact]
    public async Task A_heap_of_several_rounds_gets_positions_without_a_gap_and_in_one_go()
    {
        await using var open = await OpenTransaction.BeginAsync(database.Db);
        await open.ExecuteAsync(
            """
            insert into notification (channel, entity_type, entity, activity)
            select 'feed', 'event', 'x', 'created' from generate_series(1, 45000)
            """);
        await open.CommitAsync();

        Assert.Equal(45_000, await store.GivePositionsAsync(Soon));
        Assert.Equal(new FeedBounds(1, 45_000), await store.ReadBoundsAsync(Soon));
    }

    async Task GiveUntilAsync(CancellationToken done)
    {
        while (!done.IsCancellationRequested)
            await store.GivePositionsAsync(Soon);
    }

    async Task<IReadOnlyList<string>> ToldAsync()
    {
        await store.GivePositionsAsync(Soon);
        return await OpenTransaction.ToldAsync(database.Db);
    }
}
