using Attune.Testing;

namespace Attune.Migrations.Tests;

public sealed class RowTests
{
    readonly CancellationToken ct = Waiting.SoonEnough;

    [Fact]
    public async Task Every_table_has_a_sample_row()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);

        Assert.Equal(await bench.Db.ListTablesAsync(ct), Samples.All.Select(sample => sample.Table).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_table_takes_an_insert_an_update_of_every_column_and_a_delete()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        foreach (var sample in Samples.All)
            Assert.Equal(1, await bench.Db.ExecuteAsync(sample.Insert(), ct));

        foreach (var sample in Samples.All)
            Assert.Equal(1, await bench.Db.ExecuteAsync(await UpdateOfEveryColumnAsync(bench, sample), ct));

        foreach (var sample in Samples.All.Reverse())
            Assert.Equal(1, await bench.Db.ExecuteAsync($"delete from attune.{sample.Table} where {sample.IdColumn} = {Sample.Id}", ct));
    }

    [Fact]
    public async Task Every_table_gives_an_id_by_itself()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);

        var without = await bench.Db.ListAsync<string>(
            """
            select c.relname
            from pg_class c
            where c.relnamespace = 'attune'::regnamespace and c.relkind = 'r'
              and not exists (
                  select from pg_attribute a
                  where a.attrelid = c.oid and a.attname = 'id' and a.attidentity = 'a' and a.atttypid = 'bigint'::regtype)
            """, ct);

        Assert.Equal(["queue_stats"], without);
    }

    [Fact]
    public async Task Updated_is_set_by_an_update_that_does_not_set_it()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All.Select(sample => sample.With("updated", "'2000-01-01Z'")), ct);

        foreach (var sample in Samples.All)
        {
            var isNow = await bench.Db.ReadAsync<bool>(
                $"update attune.{sample.Table} set created = created where {sample.IdColumn} = {Sample.Id} returning updated = now()", ct);
            Assert.True(isNow, $"{sample.Table}.updated is not kept");
        }
    }

    [Fact]
    public async Task Updated_is_left_alone_by_an_update_that_sets_it()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);

        foreach (var sample in Samples.All)
        {
            var isKept = await bench.Db.ReadAsync<bool>(
                $"update attune.{sample.Table} set updated = '2031-01-01Z' where {sample.IdColumn} = {Sample.Id} returning updated = '2031-01-01Z'", ct);
            Assert.True(isKept, $"{sample.Table}.updated is overwritten");
        }
    }

    [Fact]
    public async Task Values_far_over_8000_bytes_in_every_json_column_break_no_write()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        var columns = await bench.Db.ListAsync<(string Table, string Column)>(
            """
            select c.relname, a.attname
            from pg_attribute a
            join pg_class c on c.oid = a.attrelid
            where c.relnamespace = 'attune'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
              and a.atttypid in ('json'::regtype, 'jsonb'::regtype)
            """, ct);
        Assert.NotEmpty(columns);

        // Inserted big, then made bigger, with a change of every status on the way.
        await bench.Db.InsertAsync(Samples.All.Select(sample => columns
            .Where(each => each.Table == sample.Table)
            .Aggregate(sample, (big, each) => big.With(each.Column, Big(1000)))), ct);
        await bench.Db.ExecuteAsync("update attune.execution set status = 'running'; update attune.workflow_execution set status = 'running'", ct);
        foreach (var (table, column) in columns)
        {
            var size = await bench.Db.ReadAsync<int>(
                $"update attune.{table} set {column} = {Big(1000)} where {Samples.Of(table).IdColumn} = {Sample.Id} returning length({column}::text)", ct);
            Assert.True(size > 60_000, $"{table}.{column} holds {size}");
        }

        await bench.Db.ExecuteAsync("update attune.execution set status = 'failed'; update attune.workflow_execution set status = 'failed'", ct);
    }

    /// <summary>Does not compress, and has one long value beside many short ones, since indexes treat them differently.</summary>
    static string Big(int count)
        => $"""
           (select jsonb_build_object(
               'verification', jsonb_agg(md5(i::text)),
               'long', string_agg(md5(i::text), ''),
               'nested', jsonb_object_agg(md5(i::text), i))
           from generate_series(1, {count}) i)
           """;

    async Task<string> UpdateOfEveryColumnAsync(DatabaseBench bench, Sample sample)
    {
        var columns = await bench.Db.ListAsync<string>(
            $"""
            select attname
            from pg_attribute
            where attrelid = 'attune.{sample.Table}'::regclass and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = ''
            """, ct);
        var set = string.Join(", ", columns.Select(column => $"{column} = {column}"));
        return $"update attune.{sample.Table} set {set} where {sample.IdColumn} = {Sample.Id}";
    }
}
