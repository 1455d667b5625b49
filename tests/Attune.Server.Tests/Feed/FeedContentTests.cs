using Attune.V1;

namespace Attune.Server.Tests.Feed;

/// <summary>What is written when something changes.</summary>
public sealed class FeedContentTests : IAsyncLifetime
{
    FeedBench bench = null!;

    public async Task InitializeAsync() => bench = await FeedBench.StartAsync();

    public async Task DisposeAsync() => await bench.DisposeAsync();

    [Fact]
    public async Task An_event_its_enforcement_and_its_execution_appear_with_what_they_belong_to()
    {
        await using var watcher = await bench.WatchAsync();

        await bench.ExecuteAsync(
            """
            with e as (
                insert into event (trigger_ref) values ('edge.expiring') returning id
            ),
            n as (
                insert into enforcement (rule_ref, trigger_ref, event, status, payload)
                select 'edge.renew', 'edge.expiring', id, 'processed', '{}' from e
                returning id
            )
            insert into execution (action_ref, enforcement) select 'edge.rotate', id from n
            """);

        Assert.Equal(
            ["enforcement 1 edge.renew created processed", "event 1 edge.expiring created", "execution 1 edge.rotate created requested"],
            (await watcher.TakeAsync(3)).Texts().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_status_appears_when_it_changes_and_grouped_by_what_it_became()
    {
        await bench.ExecuteAsync("insert into execution (action_ref) select 'edge.a' || i % 2 from generate_series(1, 4) i");
        await bench.ExecuteAsync("insert into enforcement (rule_ref, trigger_ref, payload) values ('edge.renew', 'edge.t', '{}')");
        await using var watcher = await bench.WatchAsync();

        await bench.ExecuteAsync("update execution set worker_name = 'one'");
        await bench.ExecuteAsync(
            "update execution set status = (case when id < 3 then 'running' else 'failed' end)::execution_status_enum where id < 4");
        await bench.ExecuteAsync("update enforcement set status = 'processed'");

        Assert.Equal(
            [
                "enforcement 1 edge.renew status_changed processed",
                "execution 1 edge.a1 status_changed running",
                "execution 2 edge.a0 status_changed running",
                "execution 3 edge.a1 status_changed failed",
            ],
            (await watcher.TakeAsync(4)).Texts().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_inquiry_appears_with_every_status_and_its_executions_action()
    {
        await bench.ExecuteAsync("insert into execution (action_ref) values ('edge.ask')");
        await using var watcher = await bench.WatchAsync(new() { EntityTypes = { "inquiry" } });

        await bench.ExecuteAsync("insert into inquiry (execution, prompt) select 1, 'Yes?' from generate_series(1, 2)");
        await bench.ExecuteAsync("update inquiry set status = 'timeout' where id = 1");
        await bench.ExecuteAsync("update inquiry set status = 'responded', responded_at = now() where id = 2");

        Assert.Equal(
            [
                "inquiry 1 edge.ask created pending", "inquiry 2 edge.ask created pending", "inquiry 1 edge.ask status_changed timeout",
                "inquiry 2 edge.ask status_changed responded",
            ],
            (await watcher.TakeAsync(4)).Texts());
    }

    [Fact]
    public async Task A_rule_appears_when_it_comes_changes_and_goes_and_not_when_it_is_written_as_it_was()
    {
        await bench.ExecuteAsync("insert into pack (ref, label, version) values ('edge', 'Edge', '1.0.0')");
        await using var watcher = await bench.WatchAsync();

        await bench.ExecuteAsync(
            """
            insert into rule (ref, pack, pack_ref, label, action_ref, trigger_ref)
            select 'edge.r' || i, (select id from pack where ref = 'edge'), 'edge', 'R', 'edge.a', 'edge.t' from generate_series(1, 2) i
            """);
        await bench.ExecuteAsync("update rule set label = 'R', updated = now() + interval '1 day'");
        await bench.ExecuteAsync("update rule set enabled = ref <> 'edge.r2'");
        await bench.ExecuteAsync("delete from pack where ref = 'edge'");

        Assert.Equal(
            ["rule 1 edge.r1 created", "rule 2 edge.r2 created", "rule 2 edge.r2 updated", "rule 1 edge.r1 deleted", "rule 2 edge.r2 deleted"],
            (await watcher.TakeAsync(5)).Texts());
    }

    [Fact]
    public async Task A_statement_on_many_rows_is_a_few_rows_and_every_one_of_its_changes_is_sent_in_small_messages()
    {
        await using var watcher = await bench.WatchAsync();

        await bench.ExecuteAsync("insert into execution (action_ref) select 'edge.a' || i % 3 from generate_series(1, 2500) i");

        var sent = new List<Change>();
        while (sent.Count < 2500)
        {
            var message = await watcher.NextAsync();
            Assert.InRange(message.Count, 1, 1000);
            sent.AddRange(message);
        }

        Assert.Equal(Enumerable.Range(1, 2500).Select(i => $"execution {i} edge.a{i % 3} created requested"), sent.Texts());
        Assert.Equal(3, await bench.ReadAsync<int>("select count(*) from notification"));
        Assert.Equal(
            (2500, 2500L, 1L, 3L),
            await bench.ReadAsync<(int, long, long, long)>(
                "select count(*)::int, count(distinct entity_id), min(position), max(position) from notification_change where ref = 'edge.a' || entity_id % 3"));
    }

    [Fact]
    public async Task A_change_costs_no_commit_of_its_own()
    {
        await bench.ExecuteAsync("insert into execution (action_ref) values ('edge.a')");

        Assert.True(await bench.ReadAsync<bool>(
            "select bool_and(e.xmin = n.xmin) from execution e, notification n where n.position is null having count(*) = 1"));
    }
}
