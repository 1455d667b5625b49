using Attune.Testing;

namespace Attune.Migrations.Tests;

public sealed class PackRemovalTests
{
    readonly CancellationToken ct = Waiting.SoonEnough;

    [Fact]
    public async Task A_pack_with_history_can_be_removed_and_its_history_stays_readable()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        await using var db = bench.AsServiceRole();

        Assert.Equal(1, await db.ExecuteAsync("delete from pack where ref = 'edge'", ct));

        var left = new List<string>();
        foreach (var table in await db.ListTablesAsync(ct))
        {
            if (await db.ReadAsync<bool>($"select exists (select from {table})", ct))
                left.Add(table);
        }

        Assert.Equal(
            [
                "api_token", "artifact", "certificate_authority", "enforcement", "event", "execution", "execution_attempt", "execution_log",
                "execution_queue", "identity", "inquiry", "inquiry_answer", "join_token", "login_failure", "notification", "pack_release",
                "refresh_token", "request", "signing_key", "timer_miss", "worker", "workflow_edit", "workflow_execution",
                "workflow_happening", "workflow_value",
            ],
            left);
        Assert.True(await db.ReadAsync<bool>(
            """
            select e.action is null and e.workflow_def is null and e.action_ref = 'edge.rotate_cert' and e.config ->> 'domain' = 'www.example.com'
                and f.rule is null and f.rule_ref = 'edge.rotate_expiring' and f.trigger_ref = 'edge.cert_expiring'
                and v.trigger is null and v.source is null and v.rule is null
                and v.trigger_ref = 'edge.cert_expiring' and v.source_ref = 'edge.cert_watch' and v.rule_ref = 'edge.rotate_expiring'
                and w.workflow_def is null and w.task_graph is not null
                and r.pack is null and r.pack_ref = 'edge'
            from execution e
            join enforcement f on f.id = e.enforcement
            join event v on v.id = f.event
            join workflow_execution w on w.execution = e.id
            join workflow_execution_summary s on s.execution = e.id and s.action_ref = e.action_ref
            join workflow_task_detail t on t.execution = e.id and t.task_name = 'issue'
            cross join pack_release r
            """, ct));
    }

    [Theory]
    [InlineData("action", "delete from execution where action_ref = 'edge.rotate_cert' and action is null")]
    [InlineData("rule", "delete from enforcement where rule_ref = 'edge.rotate_expiring' and rule is null")]
    [InlineData("sensor", "delete from event where source_ref = 'edge.cert_watch' and source is null")]
    [InlineData("trigger", "delete from event where trigger_ref = 'edge.cert_expiring' and trigger is null")]
    [InlineData("workflow_definition", "delete from execution where action_ref = 'edge.rotate_cert' and workflow_def is null")]
    [InlineData("event", "delete from enforcement where rule_ref = 'edge.rotate_expiring' and event is null")]
    [InlineData("enforcement", "delete from execution where action_ref = 'edge.rotate_cert' and enforcement is null")]
    [InlineData("identity", "delete from execution where action_ref = 'edge.rotate_cert' and executor is null")]
    [InlineData("worker", "delete from execution_queue where worker is null")]
    public async Task What_history_points_at_can_go_and_leaves_its_name(string table, string deleteOfHistory)
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);

        Assert.Equal(1, await bench.Db.ExecuteAsync($"delete from attune.{table}", ct));

        Assert.Equal(1, await bench.Db.ExecuteAsync(deleteOfHistory, ct));
    }

    [Fact]
    public async Task A_pack_whose_runtime_another_pack_uses_stays()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        await bench.Db.ExecuteAsync(
            """
            insert into attune.pack (ref, label, version) values ('other', 'Other', '1.0.0');

            insert into attune.action (ref, pack, pack_ref, label, runtime)
            select 'other.act', id, 'other', 'Act', 1000 from attune.pack where ref = 'other';
            """, ct);

        var refusal = await bench.Db.RefusalAsync("delete from attune.pack where ref = 'edge'", ct);

        Assert.Equal("action_runtime_fkey", refusal?.ConstraintName);
        Assert.Equal(2, await bench.Db.ReadAsync<int>("select count(*) from attune.action", ct));
    }

    [Fact]
    public async Task An_execution_takes_along_only_what_is_part_of_it()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        await bench.Db.ExecuteAsync(
            "insert into attune.execution (action_ref, parent, rerun_of) values ('edge.child', 1000, 1000)", ct);

        Assert.Equal(1, await bench.Db.ExecuteAsync("delete from attune.execution where id = 1000", ct));

        Assert.True(await bench.Db.ReadAsync<bool>("select parent is null and rerun_of is null from attune.execution", ct));
        foreach (var part in new[] { "execution_log", "execution_attempt", "execution_queue", "workflow_execution", "inquiry" })
            Assert.Equal(0, await bench.Db.ReadAsync<int>($"select count(*) from attune.{part}", ct));
        foreach (var other in new[] { "enforcement", "event", "action" })
            Assert.Equal(1, await bench.Db.ReadAsync<int>($"select count(*) from attune.{other}", ct));
    }
}
