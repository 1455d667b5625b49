using Attune.Testing;
using Npgsql;

namespace Attune.Migrations.Tests;

/// <summary>Every constraint that the database has is enumerated and must have refused something by its own name.</summary>
public sealed class RefusalTests
{
    readonly CancellationToken ct = Waiting.SoonEnough;

    [Fact]
    public async Task Every_check_refuses_what_it_should()
    {
        await using var bench = await SampledAsync();
        var checks = await ListConstraintsAsync(bench, 'c');
        Assert.Equal(checks.Select(check => check.Name), Refusals.OfChecks.Keys.Order(StringComparer.Ordinal));

        var mistakes = new List<string>();
        foreach (var (table, name, _) in checks)
        {
            foreach (var change in Refusals.OfChecks[name])
                Judge(await bench.Db.RefusalAsync(Update(table, change), ct), PostgresErrorCodes.CheckViolation, name, change, mistakes);
        }

        Assert.Empty(mistakes);
    }

    [Fact]
    public async Task Every_foreign_key_refuses_a_row_that_does_not_exist()
    {
        await using var bench = await SampledAsync();
        var mistakes = new List<string>();
        foreach (var (table, name, column) in await ListConstraintsAsync(bench, 'f'))
        {
            var change = string.Join(", ", new[] { $"{column} = 424242", Refusals.BesideForeignKey.GetValueOrDefault(name) }.OfType<string>());
            Judge(await bench.Db.RefusalAsync(Update(table, change), ct), PostgresErrorCodes.ForeignKeyViolation, name, change, mistakes);
        }

        Assert.Empty(mistakes);
    }

    [Fact]
    public async Task Every_unique_key_refuses_a_second_row()
    {
        await using var bench = await SampledAsync();
        var keys = await bench.Db.ListAsync<(string Table, string Name)>(
            """
            select t.relname, i.relname
            from pg_index x
            join pg_class i on i.oid = x.indexrelid
            join pg_class t on t.oid = x.indrelid
            where i.relnamespace = 'attune'::regnamespace and x.indisunique and not x.indisprimary
            order by i.relname collate "C"
            """, ct);
        Assert.Equal(keys.Select(key => key.Name), Refusals.OfUniqueKeys.Keys.Order(StringComparer.Ordinal));

        var mistakes = new List<string>();
        foreach (var (table, name) in keys)
        {
            // Both in one transaction, so that the next key finds the sample as it was.
            var first = Refusals.BeforeUniqueKey.GetValueOrDefault(name) is { } change ? Update(table, change) : "select 1";
            var second = Refusals.OfUniqueKeys[name]
                .Select(difference => difference.Split(" = ", 2))
                .Aggregate(Samples.Of(table), (row, difference) => row.With(difference[0], difference[1]));
            Judge(await bench.Db.RefusalAsync($"{first};\n{second.Insert(Sample.Id + 1)}", ct), PostgresErrorCodes.UniqueViolation, name, "a second row", mistakes);
        }

        Assert.Empty(mistakes);
    }

    [Fact]
    public async Task Every_primary_key_refuses_a_second_row_of_the_same_id()
    {
        await using var bench = await SampledAsync();
        var mistakes = new List<string>();
        foreach (var (table, name, _) in await ListConstraintsAsync(bench, 'p'))
            Judge(await bench.Db.RefusalAsync(Samples.Of(table).Insert(), ct), PostgresErrorCodes.UniqueViolation, name, "the same id", mistakes);

        Assert.Empty(mistakes);
    }

    [Fact]
    public async Task There_is_no_kind_of_constraint_that_these_tests_do_not_know()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);

        // 'n' is how PostgreSQL 18 and newer list NOT NULL; trigger constraints would be 't', exclusions 'x'.
        Assert.Empty(await bench.Db.ListAsync<string>(
            """
            select conname
            from pg_constraint
            where connamespace = 'attune'::regnamespace and (contype not in ('c', 'f', 'u', 'p', 'n') or not convalidated)
            """, ct));
    }

    [Fact]
    public async Task Every_column_that_must_not_be_null_refuses_null()
    {
        await using var bench = await SampledAsync();
        var columns = await bench.Db.ListAsync<(string Table, string Column)>(
            """
            select c.relname, a.attname
            from pg_attribute a
            join pg_class c on c.oid = a.attrelid
            where c.relnamespace = 'attune'::regnamespace and c.relkind = 'r'
              and a.attnum > 0 and a.attnotnull and a.attidentity = '' and not a.attisdropped
            """, ct);
        var mistakes = new List<string>();
        foreach (var (table, column) in columns)
        {
            var refusal = await bench.Db.RefusalAsync(Update(table, $"{column} = null"), ct);
            if (refusal?.SqlState != PostgresErrorCodes.NotNullViolation || refusal.ColumnName != column)
                mistakes.Add($"{table}.{column}: {refusal?.MessageText ?? "not refused"}");
        }

        Assert.Empty(mistakes);
    }

    [Fact]
    public async Task A_runtime_that_something_runs_on_cannot_be_removed()
    {
        await using var bench = await SampledAsync();

        var refusal = await bench.Db.RefusalAsync("delete from attune.runtime", ct);

        Assert.Equal(PostgresErrorCodes.ForeignKeyViolation, refusal?.SqlState);
    }

    async Task<DatabaseBench> SampledAsync()
    {
        var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        return bench;
    }

    async Task<IReadOnlyList<(string Table, string Name, string Column)>> ListConstraintsAsync(DatabaseBench bench, char type)
        => await bench.Db.ListAsync<(string, string, string)>(
            $"""
            select t.relname, c.conname, a.attname
            from pg_constraint c
            join pg_class t on t.oid = c.conrelid
            left join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1]
            where c.connamespace = 'attune'::regnamespace and c.contype = '{type}'
            order by c.conname collate "C"
            """, ct);

    static string Update(string table, string change)
        => $"update attune.{table} set {change} where {Samples.Of(table).IdColumn} = {Sample.Id}";

    static void Judge(PostgresException? refusal, string state, string constraint, string change, List<string> mistakes)
    {
        if (refusal?.SqlState != state || refusal.ConstraintName != constraint)
            mistakes.Add($"{constraint}, {change}: {refusal?.MessageText ?? "not refused"}");
    }
}
