using Attune.Server.Dispatch;
using Attune.Server.Events;
using Attune.Testing;
using Attune.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Attune.Server.Tests.Events;

/// <summary>All of an event or nothing, and once.</summary>
public sealed class StoringTests
{
    const string High = """{"host": "a.example", "severity": "high"}""";

    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task One_delivery_to_two_replicas_at_once_is_one_event()
    {
        await using var bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));
        await using var other = await ServerBench.StartAsync(Soon, bench.Server);
        var elsewhere = new EventService.EventServiceClient(other.Admin);

        // The keys come in opposite orders, so that two transactions that take them as they come would wait for each other.
        var keys = Enumerable.Range(0, 40).Select(number => $"key-{number}").ToArray();
        var here = Enumerable.Range(0, 5).Select(_ => bench.Events.EmitEventsAsync(Of(keys)).ResponseAsync);
        var there = Enumerable.Range(0, 5).Select(_ => elsewhere.EmitEventsAsync(Of(keys.Reverse())).ResponseAsync);
        var single = keys.Select(key => elsewhere.EmitEventAsync(new() { TriggerRef = "edge.seen", Payload = ChainBench.Json(High), IdempotencyKey = key }).ResponseAsync);
        var answers = await Task.WhenAll(here.Concat(there));
        var ofSingle = await Task.WhenAll(single);

        Assert.Equal((40, 40, 40), (await bench.CountAsync("event"), await bench.CountAsync("enforcement"), await bench.CountAsync("execution")));
        Assert.Equal(40, answers.Sum(answer => answer.Events.Count(each => !each.Duplicate)) + ofSingle.Count(each => !each.Duplicate));
        var first = answers[0].Events;
        Assert.All(answers.Take(5), answer => Assert.Equal(first.Select(each => (each.EventId, each.ExecutionIds[0])), answer.Events.Select(each => (each.EventId, each.ExecutionIds[0]))));
        Assert.All(answers.Skip(5), answer => Assert.Equal(first.Reverse().Select(each => each.EventId), answer.Events.Select(each => each.EventId)));

        // A key is of its trigger.
        await bench.Triggers.CreateTriggerAsync(new() { Trigger = new() { Ref = "edge.other" } });
        Assert.False((await bench.EmitAsync("{}", "key-1", "edge.other")).Duplicate);

        static EmitEventsRequest Of(IEnumerable<string> keys) => new()
        {
            Items = { keys.Select(key => new EmitEventsItem { TriggerRef = "edge.seen", Payload = ChainBench.Json(High), IdempotencyKey = key }) },
        };
    }

    [Fact]
    public async Task A_duplicate_gives_back_the_slot_that_was_kept_for_it()
    {
        await using var bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));
        await using var agent = await bench.Server.JoinAsync("one", Soon);
        agent.Slots = 2;
        await agent.ConnectAsync(Soon);
        var first = await bench.EmitAsync(High, "once");
        await agent.NextItemAsync(Soon);
        for (var again = 0; again < 5; again++)
            Assert.Equal((true, first.EventId), ((await bench.EmitAsync(High, "once")) is var answer && answer.Duplicate, answer.EventId));

        var second = await bench.EmitAsync(High);
        Assert.Equal(second.ExecutionIds[0], (await agent.NextItemAsync(Soon)).ExecutionId);
    }

    [Fact]
    public async Task When_its_execution_cannot_be_stored_there_is_no_event_either()
    {
        await using var bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));
        await using var agent = await bench.Server.JoinAsync("one", Soon);
        agent.Slots = 1;
        await agent.ConnectAsync(Soon);
        await bench.Packs.ReadAsync<int>(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$;
            create trigger refuse before insert on execution for each row execute function refuse();
            """);

        await Assert.ThrowsAsync<RpcException>(() => bench.EmitAsync(High, "once"));
        Assert.Equal((0, 0, 0), (await bench.CountAsync("event"), await bench.CountAsync("enforcement"), await bench.CountAsync("execution")));
        var unmatched = await bench.EmitAsync("""{"host": "quiet.example"}""");
        Assert.Equal(1, await bench.CountAsync("event"));

        await bench.Packs.ReadAsync<int>("drop trigger refuse on execution");
        var emitted = await bench.EmitAsync(High, "once");
        Assert.False(emitted.Duplicate);
        Assert.True(emitted.EventId > unmatched.EventId);
        Assert.Equal(emitted.ExecutionIds[0], (await agent.NextItemAsync(Soon)).ExecutionId);
    }

    [Fact]
    public async Task In_a_callers_transaction_it_stands_or_falls_with_that()
    {
        await using var bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));
        await using var agent = await bench.Server.JoinAsync("one", Soon);
        agent.Slots = 1;
        await agent.ConnectAsync(Soon);
        var record = bench.Get<RecordEvents>();
        var session = Assert.Single(bench.Get<AgentSessions>().All);

        await using var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await using (var transaction = await connection.BeginTransactionAsync(Soon))
        {
            var stored = await record.StoreWithinAsync(connection, transaction, [await PrepareAsync(record, "one")], Soon);
            Assert.Equal(0, session.Free);
            await transaction.RollbackAsync(Soon);
            stored.Abandon();
        }

        Assert.Equal((0L, 1), (await bench.CountAsync("event"), session.Free));
        await using (var transaction = await connection.BeginTransactionAsync(Soon))
        {
            var stored = await record.StoreWithinAsync(connection, transaction, [await PrepareAsync(record, "one"), await PrepareAsync(record, "one")], Soon);
            Assert.Equal([false, true], stored.Events.Select(each => each.IsDuplicate));
            await transaction.CommitAsync(Soon);
            stored.Deliver();
            Assert.Equal(stored.Events[0].ExecutionIds[0], (await agent.NextItemAsync(Soon)).ExecutionId);
        }

        Assert.Equal((1, 1), (await bench.CountAsync("event"), await bench.CountAsync("execution")));
    }

    [Fact]
    public async Task A_rule_that_is_deleted_between_asking_and_storing_is_not_asked()
    {
        await using var bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule), ("rules/too.yaml", ChainBench.Rule.Replace("on_high", "on_high_too")));
        var record = bench.Get<RecordEvents>();
        var prepared = await PrepareAsync(record, null);
        await bench.Packs.ReadAsync<int>("delete from rule where ref = 'edge.on_high'");
        var stored = Assert.Single(await record.StoreAsync([prepared], Soon));
        Assert.Equal(["edge.on_high_too"], (await bench.EventAsync(stored.Id)).Enforcements.Select(each => each.RuleRef));
    }

    [Fact]
    public async Task A_flood_of_events_shares_commits_and_each_is_answered_for_itself()
    {
        await using var bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));
        var flood = Enumerable.Range(0, 500)
            .Select(number => bench.EmitAsync($$"""{"host": "host-{{number}}", "severity": "{{(number % 2 == 0 ? "high" : "low")}}"}"""));
        var answers = await Task.WhenAll(flood);
        Assert.Equal(500, answers.Select(each => each.EventId).Distinct().Count());
        Assert.Equal((500, 250, 250), (await bench.CountAsync("event"), await bench.CountAsync("enforcement"), await bench.CountAsync("execution_queue")));
        for (var number = 0; number < 500; number += 50)
        {
            var execution = await bench.ExecutionAsync(Assert.Single(answers[number].ExecutionIds));
            Assert.Equal(($"host-{number}", answers[number].EventId), (execution.Parameters.Fields["host"].StringValue, execution.EventId));
        }
    }

    static async Task<PreparedEvent> PrepareAsync(RecordEvents record, string? key)
    {
        var happened = new NewEvent
        {
            TriggerRef = "edge.seen",
            Payload = """{"host":"a.example","severity":"high"}"""u8.ToArray(),
            Origin = EventOrigin.Timer,
            IdempotencyKey = key,
        };
        return (await record.PrepareAsync(happened, Soon)).IsOk(out var prepared, out var failure) ? prepared : throw new InvalidOperationException(failure.Message);
    }

    [Fact]
    public async Task When_its_commit_fails_nothing_is_stored_and_the_slot_is_given_back()
    {
        await using var bench = await ChainBench.StartAsync(("rules/high.yaml", ChainBench.Rule));
        await using var agent = await bench.Server.JoinAsync("one", Soon);
        agent.Slots = 1;
        await agent.ConnectAsync(Soon);
        await ExecuteAsync(bench, """
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the commit is refused'; end $$;
            create constraint trigger refuse after insert on event deferrable initially deferred for each row execute function refuse();
            """);

        await Assert.ThrowsAsync<RpcException>(() => bench.EmitAsync(High, "keyed"));
        await ExecuteAsync(bench, "drop trigger refuse on event");
        Assert.Equal((0, 0), (await bench.CountAsync("event"), await bench.CountAsync("execution")));

        var emitted = await bench.EmitAsync(High, "keyed");
        Assert.False(emitted.Duplicate);
        Assert.Equal(emitted.ExecutionIds[0], (await agent.NextItemAsync(Soon)).ExecutionId);
    }

    static async Task ExecuteAsync(ChainBench bench, string sql)
    {
        await using var command = bench.Server.Database.Db.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Soon);
    }
}
