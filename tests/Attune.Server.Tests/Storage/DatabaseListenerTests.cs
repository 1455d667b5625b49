using System.Threading.Channels;
using Attune.Server.Storage;
using Attune.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Attune.Server.Tests.Storage;

public sealed class DatabaseListenerTests : IAsyncLifetime, IDisposable
{
    DatabaseBench bench = null!;
    DatabaseListener listener = null!;

    public async Task InitializeAsync()
    {
        bench = await DatabaseBench.CreateEmptyAsync(Waiting.SoonEnough);
        var options = Options.Create(new StorageOptions { ConnectionString = bench.ConnectionString });
        listener = new(options, TimeProvider.System, NullLogger<DatabaseListener>.Instance);
        await listener.StartAsync(Waiting.SoonEnough);
    }

    public async Task DisposeAsync()
    {
        await listener.StopAsync(Waiting.SoonEnough);
        await bench.DisposeAsync();
    }

    public void Dispose() => listener.Dispose();

    [Fact]
    public async Task A_subscriber_first_hears_that_it_may_have_missed_something_and_then_every_payload()
    {
        var (heard, _) = Subscribe("execution_created");
        Assert.Null(await NextAsync(heard));
        await NotifyAsync("execution_created", "one");
        await NotifyAsync("execution_created", "two");
        Assert.Equal("one", await NextAsync(heard));
        Assert.Equal("two", await NextAsync(heard));
    }

    [Fact]
    public async Task Channels_are_apart_and_all_subscribers_of_one_hear_it()
    {
        var (first, _) = Subscribe("rule_changed");
        Assert.Null(await NextAsync(first));
        var (second, _) = Subscribe("rule_changed");
        var (other, _) = Subscribe("event_created");
        Assert.Null(await NextAsync(other));

        await NotifyAsync("rule_changed", "r");
        await NotifyAsync("event_created", "e");
        Assert.Equal("r", await NextAsync(first));
        Assert.Equal("r", await NextAsync(second));
        Assert.Equal("e", await NextAsync(other));
    }

    [Fact]
    public async Task After_a_dropped_connection_subscribers_are_told_to_look_and_hear_again()
    {
        var (heard, _) = Subscribe("execution_created");
        Assert.Null(await NextAsync(heard));
        for (var round = 0; round < 2; round++)
        {
            await ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'attune-server listen'");
            Assert.Null(await NextAsync(heard));
            await NotifyAsync("execution_created", "again");
            Assert.Equal("again", await NextAsync(heard));
        }
    }

    [Fact]
    public async Task A_subscriber_that_throws_does_not_make_the_others_deaf()
    {
        using var broken = listener.Subscribe("execution_created", _ => throw new InvalidOperationException("a bug"));
        var (heard, _) = Subscribe("execution_created");
        await NotifyAsync("execution_created", "ignored, the LISTEN may not stand yet");
        await Waiting.UntilAsync(
            async () =>
            {
                await NotifyAsync("execution_created", "x");
                return heard.TryRead(out var payload) && payload == "x";
            },
            "a payload beside a broken subscriber",
            Waiting.SoonEnough);
    }

    [Fact]
    public async Task A_subscription_that_ended_hears_nothing_more()
    {
        var (ended, subscription) = Subscribe("execution_created");
        Assert.Null(await NextAsync(ended));
        var (stays, _) = Subscribe("execution_created");
        subscription.Dispose();
        await NotifyAsync("execution_created", "late");
        Assert.Equal("late", await NextAsync(stays));
        Assert.False(ended.TryRead(out _));
    }

    (ChannelReader<string?> Heard, IDisposable Subscription) Subscribe(string channel)
    {
        var heard = Channel.CreateUnbounded<string?>();
        return (heard.Reader, listener.Subscribe(channel, payload => heard.Writer.TryWrite(payload)));
    }

    static async Task<string?> NextAsync(ChannelReader<string?> heard) => await heard.ReadAsync(Waiting.SoonEnough);

    Task NotifyAsync(string channel, string payload) => ExecuteAsync($"select pg_notify('{channel}', '{payload}')");

    async Task ExecuteAsync(string sql)
    {
        await using var command = bench.Db.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
