using System.Text;
using Attune.Testing;

namespace Attune.Migrations.Tests;

public sealed class NotificationTests
{
    readonly CancellationToken ct = Waiting.SoonEnough;

    // What the feed says of itself, beside what this is about.
    static async Task<IReadOnlyList<Heard>> HearAsync(Ear ear, DatabaseBench bench, CancellationToken ct)
        => [.. (await ear.HearAsync(bench.Db, ct)).Where(each => each.Type != "notification")];

    [Theory]
    [InlineData("execution", "execution_created")]
    [InlineData("event", "event_created")]
    [InlineData("enforcement", "enforcement_created")]
    [InlineData("inquiry", "inquiry_created")]
    [InlineData("notification", "attune_notifications")]
    public async Task A_new_row_is_told_with_its_id_and_nothing_of_its_content(string table, string channel)
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        var before = Samples.All.TakeWhile(sample => sample.Table != table);
        await bench.Db.InsertAsync(before, ct);
        await using var ear = await Ear.ListenAsync(bench.Db, ct);

        await bench.Db.ExecuteAsync(Samples.Of(table).Insert(), ct);

        var heard = Assert.Single(await ear.HearAsync(bench.Db, ct), each => each.Type == table);
        Assert.Equal(channel, heard.Channel);
        Assert.Equal($$"""{"count": 1, "entity_id": 1000, "entity_ids": [1000], "entity_type": "{{table}}"}""", heard.Payload);
    }

    [Fact]
    public async Task A_thousand_new_rows_of_one_statement_are_told_three_hundred_at_a_time()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await using var ear = await Ear.ListenAsync(bench.Db, ct);

        await bench.Db.ExecuteAsync("insert into attune.execution (action_ref) select 'core.noop' from generate_series(1, 1000)", ct);

        var heard = await HearAsync(ear, bench, ct);
        Assert.All(heard, each => Assert.Equal("execution_created", each.Channel));
        Assert.Equal([300, 300, 300, 100], heard.Select(each => each.Ids.Count));
        Assert.Equal(Enumerable.Range(1, 1000).Select(id => (long)id), heard.SelectMany(each => each.Ids));
        Assert.All(heard, each => Assert.Equal((each.Ids.Min(), each.Ids.Count), ((long)each.Json["entity_id"]!, (int)each.Json["count"]!)));
    }

    [Fact]
    public async Task The_longest_ids_there_are_fit_into_a_payload()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await using var ear = await Ear.ListenAsync(bench.Db, ct);

        await bench.Db.ExecuteAsync(
            """
            insert into attune.execution (id, action_ref) overriding system value
            select 9223372036854775807 - i, 'core.noop' from generate_series(0, 999) i;

            update attune.execution set status = 'scheduling';
            """, ct);

        var heard = await HearAsync(ear, bench, ct);
        Assert.Equal(8, heard.Count);
        Assert.All(heard, each => Assert.InRange(Encoding.UTF8.GetByteCount(each.Payload), 1, 7999));
    }

    [Fact]
    public async Task A_statement_that_changes_statuses_tells_each_new_status_with_the_ids_that_changed()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.ExecuteAsync("insert into attune.execution (action_ref) select 'core.noop' from generate_series(1, 1000)", ct);
        await bench.Db.ExecuteAsync("update attune.execution set status = 'failed' where id % 4 = 0", ct);
        await using var ear = await Ear.ListenAsync(bench.Db, ct);

        await bench.Db.ExecuteAsync(
            "update attune.execution set status = case when id % 2 = 0 then 'failed' else 'completed' end::attune.execution_status_enum", ct);

        var heard = await HearAsync(ear, bench, ct);
        Assert.All(heard, each => Assert.Equal(("execution_status_changed", "execution"), (each.Channel, each.Type)));
        var changed = heard.ToLookup(each => each.Status, each => each.Ids);
        Assert.Equal(["completed", "failed"], changed.Select(group => group.Key).Order());
        Assert.Equal(Enumerable.Range(1, 1000).Where(id => id % 4 == 2).Select(id => (long)id), changed["failed"].SelectMany(ids => ids));
        Assert.Equal(Enumerable.Range(1, 1000).Where(id => id % 2 == 1).Select(id => (long)id), changed["completed"].SelectMany(ids => ids));
    }

    [Fact]
    public async Task The_status_is_found_among_many_rows_when_the_first_statement_of_the_session_had_one()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.ExecuteAsync("insert into attune.execution (action_ref) select 'core.noop' from generate_series(1, 20000)", ct);
        await using var ear = await Ear.ListenAsync(bench.Db, ct);

        // One session, because plans are cached in it: a plan that is quadratic would take minutes here.
        await bench.Db.ExecuteAsync(
            """
            update attune.execution set status = 'running' where id = 1;

            update attune.execution set status = 'completed';
            """, ct);

        Assert.Equal(20_001, (await HearAsync(ear, bench, ct)).Sum(each => each.Ids.Count));
    }

    [Fact]
    public async Task What_does_not_change_a_status_is_not_told()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        await using var ear = await Ear.ListenAsync(bench.Db, ct);

        foreach (var table in new[] { "execution", "workflow_execution", "inquiry" })
            await bench.Db.ExecuteAsync($"update attune.{table} set status = status, created = created", ct);
        await bench.Db.ExecuteAsync("update attune.execution set status = 'running' where id = 424242", ct);
        await bench.Db.ExecuteAsync("insert into attune.execution (action_ref) select 'core.noop' where false", ct);
        await bench.Db.ExecuteAsync("update attune.event set created = created; update attune.enforcement set created = created", ct);

        Assert.Empty(await HearAsync(ear, bench, ct));
    }

    [Fact]
    public async Task A_workflow_tells_its_status()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        await using var ear = await Ear.ListenAsync(bench.Db, ct);

        await bench.Db.ExecuteAsync("update attune.workflow_execution set status = 'running'", ct);

        var heard = Assert.Single(await HearAsync(ear, bench, ct));
        Assert.Equal("workflow_execution_status_changed", heard.Channel);
        Assert.Equal(
            """{"count": 1, "status": "running", "entity_id": 1000, "entity_ids": [1000], "entity_type": "workflow_execution"}""", heard.Payload);
    }

    [Fact]
    public async Task Only_an_answer_is_told_of_an_inquiry_and_never_its_content()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.ExecuteAsync(
            """
            insert into attune.execution (action_ref) values ('core.ask');

            insert into attune.inquiry (execution, prompt) select 1, 'Yes?' from generate_series(1, 3);
            """, ct);
        await using var ear = await Ear.ListenAsync(bench.Db, ct);

        await bench.Db.ExecuteAsync("update attune.inquiry set status = 'timeout' where id = 1", ct);
        await bench.Db.ExecuteAsync(
            """update attune.inquiry set status = 'responded', response = '{"secret": "xyzzy"}', responded_at = now() where id = 2""", ct);

        var heard = Assert.Single(await HearAsync(ear, bench, ct));
        Assert.Equal("inquiry_responded", heard.Channel);
        Assert.Equal([2], heard.Ids);
        Assert.DoesNotContain("xyzzy", heard.Payload);
    }

    [Fact]
    public async Task A_rule_tells_that_it_came_changed_and_went()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All.TakeWhile(sample => sample.Table != "rule"), ct);
        await using var ear = await Ear.ListenAsync(bench.Db, ct);

        await bench.Db.ExecuteAsync(Samples.Of("rule").Insert(), ct);
        await bench.Db.ExecuteAsync("update attune.rule set enabled = false", ct);
        await bench.Db.ExecuteAsync("delete from attune.rule", ct);

        var heard = await HearAsync(ear, bench, ct);
        Assert.Equal(["insert", "update", "delete"], heard.Select(each => each.Operation));
        Assert.All(heard, each => Assert.Equal(("rule_changed", "rule"), (each.Channel, each.Type)));
        Assert.All(heard, each => Assert.Equal([1000], each.Ids));
    }

    [Theory]
    [InlineData("pack", "label = 'New'")]
    [InlineData("action", "enabled = false")]
    [InlineData("runtime", "name = 'Snake'")]
    [InlineData("permission_set", "grants = '[]'")]
    [InlineData("permission_assignment", "created = created")]
    [InlineData("api_token", "revoked_at = now()")]
    [InlineData("worker", "cordoned = true")]
    [InlineData("sensor", "enabled = false")]
    public async Task What_replicas_cache_tells_that_it_came_changed_and_went(string table, string change)
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All.TakeWhile(sample => sample.Table != table), ct);
        await using var ear = await Ear.ListenAsync(bench.Db, ct);

        await bench.Db.ExecuteAsync(Samples.Of(table).Insert(), ct);
        Assert.Equal([$$"""{"operation": "insert", "entity_type": "{{table}}"}"""], await OnCacheChangesAsync());

        await bench.Db.ExecuteAsync($"update attune.{table} set {change}", ct);
        Assert.Equal([$$"""{"operation": "update", "entity_type": "{{table}}"}"""], await OnCacheChangesAsync());

        await bench.Db.ExecuteAsync("delete from attune.action", ct);
        await OnCacheChangesAsync();
        await bench.Db.ExecuteAsync(table == "action" ? Samples.Of("action").Insert() : "select 1", ct);
        await OnCacheChangesAsync();
        await bench.Db.ExecuteAsync($"delete from attune.{table}", ct);
        Assert.Contains($$"""{"operation": "delete", "entity_type": "{{table}}"}""", await OnCacheChangesAsync());

        async Task<IReadOnlyList<string>> OnCacheChangesAsync()
            => [.. (await HearAsync(ear, bench, ct)).Where(each => each.Channel == "attune_notifications").Select(each => each.Payload)];
    }

    [Theory]
    [InlineData("connected = true", true)]
    [InlineData("draining = true", true)]
    [InlineData("slots = 8", true)]
    [InlineData("""labels = '{"zone": "core"}'""", true)]
    [InlineData("last_heartbeat = now(), lease_expires_at = now(), status = 'active', resources = '{\"cpu_count\": 2}'", false)]
    public async Task A_worker_tells_what_placement_reads_and_no_heartbeat(string change, bool isTold)
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        await using var ear = await Ear.ListenAsync(bench.Db, ct);

        await bench.Db.ExecuteAsync($"update attune.worker set {change}", ct);

        Assert.Equal(isTold ? 1 : 0, (await HearAsync(ear, bench, ct)).Count);
    }

    [Fact]
    public async Task The_last_use_of_a_token_is_not_told()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        await using var ear = await Ear.ListenAsync(bench.Db, ct);

        await bench.Db.ExecuteAsync("update attune.api_token set last_used_at = now()", ct);

        Assert.Empty(await HearAsync(ear, bench, ct));
    }
}
