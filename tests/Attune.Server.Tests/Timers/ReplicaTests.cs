using Attune.Testing;
using Npgsql;

namespace Attune.Server.Tests.Timers;

/// <summary>Several replicas on one database: each tick happens exactly once, whoever dies.</summary>
public sealed class ReplicaTests
{
    static CancellationToken Soon => Waiting.SoonEnough;

    [Fact]
    public async Task Three_replicas_fire_each_tick_once()
    {
        await using var bench = await TimerBench.StartAsync(replicas: 3);
        await CreateManyAsync(bench, 1200, 60);

        for (var tick = 0; tick < 3; tick++)
            await bench.AdvanceAsync(60);

        Assert.Equal(3600, await bench.ScalarAsync<long>("select count(*) from event"));
        Assert.Equal(3600, await bench.ScalarAsync<long>("select count(distinct (rule, payload ->> 'scheduled_at')) from event"));
        Assert.Equal(3600, await bench.ScalarAsync<long>("select count(*) from execution"));
        Assert.Equal(0, await bench.ScalarAsync<long>("select count(*) from timer_miss"));
    }

    [Fact]
    public async Task What_a_replica_held_when_it_died_in_the_middle_of_a_tick_is_fired_by_another()
    {
        await using var bench = await TimerBench.StartAsync();
        await CreateManyAsync(bench, 20, 60);
        var stopper = await StopAtEventsAsync(bench);
        var dying = bench.Server;

        // It has claimed the rows and waits inside its transaction.
        bench.Clock.Advance(TimeSpan.FromSeconds(60));
        await Waiting.UntilAsync(
            async () => await bench.ScalarAsync<bool>("select exists (select from pg_locks where locktype = 'advisory' and not granted)"),
            "a tick is under way", Soon);
        await bench.AddReplicaAsync();
        await bench.AddReplicaAsync();
        await dying.App.StopAsync(new(canceled: true));
        await bench.ExecuteAsync(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted");
        await bench.ExecuteAsync("drop trigger stop_at_events on event");
        await stopper.DisposeAsync();

        await Waiting.UntilAsync(
            async () =>
            {
                // The others look again after a second.
                bench.Clock.Advance(TimeSpan.FromSeconds(1));
                return await bench.ScalarAsync<long>("select count(*) from timer where next_fire_at <= '2025-06-01T12:01:00Z'") == 0;
            },
            "the others have fired", Soon);

        Assert.Equal(20, await bench.ScalarAsync<long>("select count(*) from event where payload ->> 'scheduled_at' = '2025-06-01T12:01:00Z'"));
        Assert.Equal(20, await bench.ScalarAsync<long>("select count(distinct rule) from event where payload ->> 'scheduled_at' = '2025-06-01T12:01:00Z'"));
    }

    [Fact]
    public async Task A_tick_whose_transaction_fails_changes_nothing_and_happens_once_when_it_is_tried_again()
    {
        await using var bench = await TimerBench.StartAsync();
        await bench.EveryAsync("tick", 60);
        await bench.ExecuteAsync(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not today'; end $$;
            create trigger refuse before update of last_fired_at on timer for each row when (new.last_fired_at is not null) execute function refuse();
            """);

        bench.Clock.Advance(TimeSpan.FromSeconds(60));
        await UntilPostponedAsync(bench);
        Assert.Equal(0, await bench.ScalarAsync<long>("select count(*) from event"));
        await bench.ExecuteAsync("drop trigger refuse on timer");
        await AdvanceUntilSettledAsync(bench);

        Assert.Equal(["2025-06-01T12:01:00Z"], await bench.FiresAsync("tick"));
        Assert.Equal(1, await bench.ScalarAsync<long>("select count(*) from execution"));
    }

    [Fact]
    public async Task One_timer_that_cannot_be_stored_does_not_keep_the_others_from_firing()
    {
        await using var bench = await TimerBench.StartAsync();
        await CreateManyAsync(bench, 30, 60);
        await bench.ExecuteAsync(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not this one'; end $$;
            create trigger refuse before insert on event for each row when (new.rule_ref = 'core.many_7') execute function refuse();
            """);

        bench.Clock.Advance(TimeSpan.FromSeconds(60));

        await Waiting.UntilAsync(async () => await bench.ScalarAsync<long>("select count(*) from event") == 29, "the others fire", Soon);
        await bench.ExecuteAsync("drop trigger refuse on event");
        await AdvanceUntilSettledAsync(bench);
        Assert.Equal(1, await bench.ScalarAsync<long>("select count(*) from event where rule_ref = 'core.many_7'"));
    }

    [Fact]
    public async Task What_is_due_is_found_by_the_index_however_many_timers_there_are()
    {
        await using var bench = await TimerBench.StartAsync();
        await CreateManyAsync(bench, 20_000, 86_400);
        await bench.EveryAsync("tick", 10);
        await bench.ExecuteAsync("analyze timer");
        await bench.ExecuteAsync("analyze rule");
        await bench.AdvanceAsync(10);
        var before = await ReadRowsAsync(bench);

        for (var tick = 0; tick < 10; tick++)
            await bench.AdvanceAsync(10);

        Assert.Equal(11, (await bench.FiresAsync("tick")).Count);
        var read = await ReadRowsAsync(bench) - before;
        Assert.True(read < 2_000, $"10 ticks of one timer read {read} rows of 20,001 timers");
    }

    // Written past the API, as a pack with many rules would: 20,000 calls would take longer than all the rest.
    static async Task CreateManyAsync(TimerBench bench, int count, int seconds)
    {
        await bench.ExecuteAsync(
            $$"""
            insert into rule (ref, pack, pack_ref, label, action, action_ref, trigger, trigger_ref, trigger_params)
            select 'core.many_' || n, p.id, 'core', 'Many', a.id, a.ref, t.id, t.ref, '{"interval": {{seconds}}}'
            from generate_series(1, {{count}}) n, pack p, action a, trigger t
            where p.ref = 'core' and a.ref = 'core.noop' and t.ref = 'core.intervaltimer'
            """);
        await bench.PlannedAsync();
    }

    /// <returns>While it is open, whoever stores an event waits.</returns>
    static async Task<NpgsqlConnection> StopAtEventsAsync(TimerBench bench)
    {
        await bench.ExecuteAsync(
            """
            create function stop_at_events() returns trigger language plpgsql as $$
            begin
                perform pg_advisory_xact_lock(42);
                return new;
            end $$;
            create trigger stop_at_events before insert on event for each row execute function stop_at_events();
            """);
        var connection = await bench.Server.Database.Db.OpenConnectionAsync(Soon);
        await using var command = new NpgsqlCommand("select pg_advisory_lock(42)", connection);
        await command.ExecuteNonQueryAsync(Soon);
        return connection;
    }

    static Task UntilPostponedAsync(TimerBench bench) => Waiting.UntilAsync(
        async () => await bench.ScalarAsync<long>("select xact_rollback from pg_stat_database where datname = current_database()") > 0,
        "a tick has failed", Soon);

    static Task AdvanceUntilSettledAsync(TimerBench bench) => Waiting.UntilAsync(
        async () =>
        {
            bench.Clock.Advance(TimeSpan.FromSeconds(1));
            return await bench.ScalarAsync<long>("select count(*) from timer where next_fire_at <= '2025-06-01T12:01:00Z'") == 0;
        },
        "all have fired", Soon);

    static Task<long> ReadRowsAsync(TimerBench bench)
        => bench.Server.CounterAsync("coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)", "timer", Soon);
}
