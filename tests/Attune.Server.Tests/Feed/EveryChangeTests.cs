using Attune.Server.Feed;
using Attune.Testing;
using Dapper;

namespace Attune.Server.Tests.Feed;

/// <summary>Each change of each kind of thing is in `notification_change`: once, and in the order of the commits.</summary>
public sealed class EveryChangeTests : IAsyncLifetime
{
    DatabaseBench database = null!;

    // What is told, statement by statement as they were committed; within a statement the order means nothing.
    readonly List<string[]> expected = [];

    static CancellationToken Soon => Waiting.SoonEnough;

    public async Task InitializeAsync() => database = await DatabaseBench.CreateAsync(Soon);

    public async Task DisposeAsync() => await database.DisposeAsync();

    [Fact]
    public async Task Every_change_of_a_mixed_bag_appears_once_and_in_the_order_of_the_commits()
    {
        await DoAsync("insert into pack (ref, label, version) values ('edge', 'Edge', '1.0.0')");

        await using var chain = await OpenTransaction.BeginAsync(database.Db);
        await using var crowd = await OpenTransaction.BeginAsync(database.Db);
        await using var undone = await OpenTransaction.BeginAsync(database.Db);

        await chain.ExecuteAsync(
            """
            with e as (
                insert into event (trigger_ref) select 'edge.t' || i from generate_series(1, 2) i returning id
            ),
            n as (
                insert into enforcement (rule_ref, trigger_ref, event, status, payload)
                select 'edge.r', 'edge.t', id, (case id when 1 then 'created' else 'processed' end)::enforcement_status_enum, '{}' from e
                returning id
            ),
            x as (
                insert into execution (action_ref, enforcement) select 'edge.chain', id from n returning id
            )
            insert into inquiry (execution, prompt) select id, 'Yes?' from x
            """);
        await crowd.ExecuteAsync("insert into execution (action_ref) select 'edge.c' || i % 3 from generate_series(1, 2500) i");
        await undone.ExecuteAsync("insert into event (trigger_ref) select 'edge.undone' from generate_series(1, 1200)");
        await crowd.ExecuteAsync(
            "update execution set status = (case when id % 2 = 0 then 'running' else 'failed' end)::execution_status_enum where action_ref <> 'edge.chain'");
        await chain.ExecuteAsync("update enforcement set status = 'processed'");
        await DoAsync(
            """
            insert into rule (ref, pack, pack_ref, label, action_ref, trigger_ref)
            select 'edge.r' || i, (select id from pack where ref = 'edge'), 'edge', 'R', 'edge.a', 'edge.t' from generate_series(1, 1500) i
            """,
            Enumerable.Range(1, 1500).Select(i => $"rule {i} edge.r{i} created"));
        await undone.DisposeAsync();
        await crowd.CommitAsync();
        Expect(Enumerable.Range(3, 2500).Select(i => $"execution {i} edge.c{(i - 2) % 3} created requested"));
        Expect(Enumerable.Range(3, 2500).Select(i => $"execution {i} edge.c{(i - 2) % 3} status_changed {(i % 2 == 0 ? "running" : "failed")}"));

        await chain.ExecuteAsync("update inquiry set status = 'responded', responded_at = now()");
        await DoAsync(
            "update rule set enabled = id > 1200", Enumerable.Range(1, 1200).Select(i => $"rule {i} edge.r{i} updated"));
        await DoAsync(
            """
            insert into rule (ref, pack, pack_ref, label, action_ref, trigger_ref)
            select 'edge.r' || i, (select id from pack where ref = 'edge'), 'edge', 'R', 'edge.b', 'edge.t' from generate_series(1499, 1501) i
            on conflict (ref) do update set action_ref = excluded.action_ref
            """,
            ["rule 1499 edge.r1499 updated", "rule 1500 edge.r1500 updated", "rule 1503 edge.r1501 created"]);
        await chain.CommitAsync();
        Expect(
            "event 1 edge.t1 created", "event 2 edge.t2 created", "enforcement 1 edge.r created created",
            "enforcement 2 edge.r created processed", "execution 1 edge.chain created requested", "execution 2 edge.chain created requested",
            "inquiry 1 edge.chain created pending", "inquiry 2 edge.chain created pending");
        Expect("enforcement 1 edge.r status_changed processed");
        Expect("inquiry 1 edge.chain status_changed responded", "inquiry 2 edge.chain status_changed responded");

        await DoAsync(
            "update execution set status = 'completed' where id <= 1102",
            Enumerable.Range(1, 1102).Select(i => $"execution {i} {(i < 3 ? "edge.chain" : $"edge.c{(i - 2) % 3}")} status_changed completed"));
        await DoAsync("update execution set result = '{}'");
        await DoAsync("update rule set label = label");
        await DoAsync("delete from rule where id between 1200 and 1202", Enumerable.Range(1200, 3).Select(i => $"rule {i} edge.r{i} deleted"));
        await DoAsync(
            "insert into event (trigger_ref) select 'edge.many' from generate_series(1, 1001)",
            Enumerable.Range(1203, 1001).Select(i => $"event {i} edge.many created"));
        await DoAsync(
            "insert into enforcement (rule_ref, trigger_ref, payload) select 'edge.many', 'edge.t', '{}' from generate_series(1, 2001)",
            Enumerable.Range(3, 2001).Select(i => $"enforcement {i} edge.many created created"));
        await DoAsync(
            "update enforcement set status = 'disabled' where rule_ref = 'edge.many'",
            Enumerable.Range(3, 2001).Select(i => $"enforcement {i} edge.many status_changed disabled"));
        await DoAsync(
            "insert into inquiry (execution, prompt) select 1, 'Yes?' from generate_series(1, 1500)",
            Enumerable.Range(3, 1500).Select(i => $"inquiry {i} edge.chain created pending"));
        await DoAsync(
            "update inquiry set status = 'cancelled' where status = 'pending'",
            Enumerable.Range(3, 1500).Select(i => $"inquiry {i} edge.chain status_changed cancelled"));
        await DoAsync(
            "delete from pack where ref = 'edge'",
            Enumerable.Range(1, 1503).Where(i => i is not (>= 1200 and <= 1202 or 1501 or 1502)).Select(i => $"rule {i} edge.r{(i == 1503 ? 1501 : i)} deleted"));

        await new FeedStore(database.Db).GivePositionsAsync(Soon);
        await CompareAsync();
    }

    async Task DoAsync(string sql, IEnumerable<string>? changes = null)
    {
        await using var connection = await database.Db.OpenConnectionAsync(Soon);
        await connection.ExecuteAsync(sql);
        if (changes is not null)
            Expect([.. changes]);
    }

    void Expect(params IEnumerable<string> changes) => expected.Add([.. changes.Order(StringComparer.Ordinal)]);

    async Task CompareAsync()
    {
        await using var connection = await database.Db.OpenConnectionAsync(Soon);
        var told = (await connection.QueryAsync<string>(
            """
            select concat_ws(' ', entity_type, entity_id, ref, activity, status)
            from notification_change
            order by position, entity_id
            """)).AsList();

        var from = 0;
        foreach (var statement in expected)
        {
            Assert.Equal(statement, told.Skip(from).Take(statement.Length).Order(StringComparer.Ordinal));
            from += statement.Length;
        }

        Assert.Equal(from, told.Count);
    }
}
