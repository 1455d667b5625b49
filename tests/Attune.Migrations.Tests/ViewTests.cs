using Attune.Testing;

namespace Attune.Migrations.Tests;

public sealed class ViewTests
{
    readonly CancellationToken ct = Waiting.SoonEnough;

    [Fact]
    public async Task Every_view_shows_the_sample_rows()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        await bench.Db.ExecuteAsync("delete from attune.notification where position is null", ct);
        var views = await bench.Db.ListAsync<string>(
            """select relname from pg_class where relnamespace = 'attune'::regnamespace and relkind = 'v' order by relname collate "C" """, ct);

        Assert.Equal(
            ["notification_change", "pack_environment_status", "pack_latest_test", "pack_test_summary", "workflow_action_link", "workflow_execution_summary", "workflow_task_detail"],
            views);
        foreach (var view in views)
            Assert.Equal(1, await bench.Db.ReadAsync<int>($"select count(*) from attune.{view}", ct));
    }

    [Fact]
    public async Task The_feed_has_a_row_for_each_thing_that_changed()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.ExecuteAsync("insert into attune.execution (action_ref) select 'edge.a' || i from generate_series(1, 2) i", ct);
        await bench.Db.ExecuteAsync("update attune.execution set status = 'running', action_ref = 'edge.a1' where id = 1", ct);
        await bench.Db.ExecuteAsync("update attune.notification set position = id where activity = 'created'", ct);

        Assert.Equal(
            ["1 1 edge.a1 created requested", "1 2 edge.a2 created requested", "1 edge.a1 status_changed running"],
            await bench.Db.ListAsync<string>(
                "select concat_ws(' ', position, entity_id, ref, activity, status) from attune.notification_change order by notification, entity_id", ct));
    }

    [Fact]
    public async Task A_workflow_execution_counts_its_tasks()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        await bench.Db.ExecuteAsync(
            "update attune.workflow_execution set current_tasks = '{a}', completed_tasks = '{b,c}', failed_tasks = '{d,e,f}', skipped_tasks = '{}'", ct);

        Assert.Equal((1, 2, 3, 0), await bench.Db.ReadAsync<(int, int, int, int)>(
            """
            select current_task_count, completed_task_count, failed_task_count, skipped_task_count
            from attune.workflow_execution_summary
            where workflow_ref = 'edge.rotate_cert'
            """, ct));
    }

    [Fact]
    public async Task A_task_shows_its_state_with_real_times_and_numbers()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);

        Assert.True(await bench.Db.ReadAsync<bool>(
            """
            select workflow_execution = 1000 and task_name = 'issue' and run = 1 and task_index = 0 and max_retries = 2 and timed_out = false
                and started_at = '2025-06-01T12:00:00Z'::timestamptz and completed_at is null
            from attune.workflow_task_detail
            """, ct));
    }

    [Fact]
    public async Task The_latest_test_of_a_pack_is_one_row_and_the_summary_all_of_them()
    {
        await using var bench = await WithTestsAsync();

        Assert.Equal(3, await bench.Db.ReadAsync<int>("select count(*) from attune.pack_test_summary where pack_ref = 'edge'", ct));
        Assert.Equal(4, await bench.Db.ReadAsync<int>("select passed from attune.pack_latest_test", ct));
    }

    [Fact]
    public async Task The_statistics_of_a_packs_tests_add_up()
    {
        await using var bench = await WithTestsAsync();

        Assert.Equal((3, 1, 2, true), await bench.Db.ReadAsync<(long, long, long, bool)>(
            "select total_executions, passed_executions, failed_executions, last_passed from attune.get_pack_test_stats(1000)", ct));
        Assert.Equal((0, null), await bench.Db.ReadAsync<(long, bool?)>(
            "select total_executions, last_passed from attune.get_pack_test_stats(424242)", ct));
    }

    [Theory]
    [InlineData("1000", true)]
    [InlineData("1000, 1", false)]
    [InlineData("424242", false)]
    public async Task A_pack_passes_when_its_latest_test_within_the_hours_passed(string arguments, bool passes)
    {
        await using var bench = await WithTestsAsync();

        Assert.Equal(passes, await bench.Db.ReadAsync<bool>($"select attune.pack_has_passing_tests({arguments})", ct));
    }

    [Theory]
    [InlineData("edge.python", true, "edge/edge.python")]
    [InlineData("edge.shell", false, null)]
    [InlineData("edge.unknown", false, null)]
    public async Task An_environment_has_a_path_where_its_runtime_builds_one(string runtime, bool requires, string? path)
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        await bench.Db.ExecuteAsync("insert into attune.runtime (ref, name, distributions) values ('edge.shell', 'Shell', '{}')", ct);

        Assert.Equal((requires, path), await bench.Db.ReadAsync<(bool, string?)>(
            $"select attune.runtime_requires_environment('{runtime}'), attune.get_pack_environment_path('edge', '{runtime}')", ct));
    }

    // The oldest failed nine hours ago, the sample three hours ago; two hours ago all passed.
    async Task<DatabaseBench> WithTestsAsync()
    {
        var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        await bench.Db.ExecuteAsync(
            """
            update attune.pack_test_execution set execution_time = now() - interval '3 hours';

            insert into attune.pack_test_execution
                (pack, pack_version, execution_time, trigger_reason, total_tests, passed, failed, skipped, pass_rate, duration_ms, result)
            values
                (1000, '1.4.0', now() - interval '2 hours', 'manual', 4, 4, 0, 0, 1, 10, '{}'),
                (1000, '1.4.0', now() - interval '9 hours', 'update', 4, 0, 4, 0, 0, 10, '{}');
            """, ct);
        return bench;
    }
}
