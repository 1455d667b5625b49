using Attune.Testing;
using Dapper;

namespace Attune.Migrations.Tests;

public sealed class IndexTests
{
    readonly CancellationToken ct = Waiting.SoonEnough;

    [Fact]
    public async Task Every_foreign_key_has_an_index()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);

        // An index serves a key when it leads with its column and holds every row that has one.
        Assert.Empty(await bench.Db.ListAsync<string>(
            """
            select k.conname
            from pg_constraint k
            join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
            where k.connamespace = 'attune'::regnamespace and k.contype = 'f'
              and not exists (
                  select
                  from pg_index x
                  where x.indrelid = k.conrelid and x.indisvalid
                    and x.indkey[0] = a.attnum
                    and coalesce(pg_get_expr(x.indpred, x.indrelid), '') in ('', format('(%s IS NOT NULL)', a.attname)))
            """, ct));
    }

    [Fact]
    public async Task No_index_does_what_another_does()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);

        // The same columns, or a leading part of another's, in the same order and over the same rows or fewer: a partial
        // index earns its place beside a whole one only where it finds the few that live among endless history.
        Assert.Empty(await bench.Db.ListAsync<string>(
            """
            with btree as (
                select x.indexrelid, x.indrelid, x.indisunique, x.indnkeyatts as width,
                    coalesce(pg_get_expr(x.indpred, x.indrelid), '') as predicate,
                    array(select pg_get_indexdef(x.indexrelid, n, false) || (x.indoption[n - 1] & 1)
                          from generate_series(1, x.indnkeyatts) n) as keys
                from pg_index x
                join pg_class i on i.oid = x.indexrelid
                join pg_am m on m.oid = i.relam and m.amname = 'btree'
                where i.relnamespace = 'attune'::regnamespace
            )
            select format('%s is covered by %s', a.indexrelid::regclass, b.indexrelid::regclass)
            from btree a
            join btree b on b.indrelid = a.indrelid and b.indexrelid <> a.indexrelid
            where b.keys[1:a.width] = a.keys and b.predicate in (a.predicate, '')
              and (not a.indisunique or b.width = a.width)
              and not (a.predicate <> b.predicate and a.indrelid in ('attune.workflow_execution'::regclass, 'attune.notification'::regclass))
            """, ct));
        Assert.Empty(await bench.Db.ListAsync<string>(
            """
            select min(x.indexrelid::regclass::text)
            from pg_index x
            join pg_class i on i.oid = x.indexrelid
            where i.relnamespace = 'attune'::regnamespace
            group by x.indrelid, regexp_replace(pg_get_indexdef(x.indexrelid), '^.* USING ', '')
            having count(*) > 1
            """, ct));
    }

    [Fact]
    public async Task No_index_of_execution_is_on_a_column_that_changes_while_it_lives()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);

        var columns = await bench.Db.ListAsync<string>(
            """
            select distinct a.attname
            from pg_index x
            join pg_depend d on d.objid = x.indexrelid and d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
            join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
            where x.indrelid = 'attune.execution'::regclass and d.refobjid = x.indrelid
            order by a.attname
            """, ct);

        Assert.Equal(["action", "action_ref", "created", "enforcement", "executor", "id", "parent", "rerun_of", "workflow_def", "workflow_task"],
            columns.Append("id").Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_updates_of_an_executions_life_are_heap_only()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.ExecuteAsync("insert into attune.execution (action_ref) select 'core.noop' from generate_series(1, 8)", ct);
        await using var connection = await bench.Db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);

        await connection.ExecuteAsync(
            """
            update attune.execution
            set status = 'running', attempt = 1, worker_name = 'edge-1', scheduled_at = now(), started_at = now();

            update attune.execution
            set status = 'completed', result = '{"ok": true}', error = null, finished_at = now();
            """);

        Assert.Equal(16, await connection.QuerySingleAsync<long>("select pg_stat_get_xact_tuples_hot_updated('attune.execution'::regclass)"));
    }

    [Fact]
    public async Task No_payload_has_an_index_of_its_keys()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);

        Assert.Empty(await bench.Db.ListAsync<string>(
            """
            select x.indexrelid::regclass::text
            from pg_index x
            join pg_class i on i.oid = x.indexrelid
            join pg_am m on m.oid = i.relam and m.amname = 'gin'
            where x.indrelid::regclass::text in (
                'execution', 'execution_queue', 'execution_log', 'event', 'enforcement', 'workflow_execution', 'inquiry', 'notification')
            """, ct));
    }
}
