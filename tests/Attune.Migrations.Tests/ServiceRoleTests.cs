using Attune.Testing;
using Npgsql;

namespace Attune.Migrations.Tests;

public sealed class ServiceRoleTests
{
    readonly CancellationToken ct = Waiting.SoonEnough;

    [Fact]
    public async Task It_reads_and_writes_every_table_and_view()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await using var db = bench.AsServiceRole();
        Assert.Equal("svc_attune", await db.ReadAsync<string>("select current_user", ct));

        foreach (var sample in Samples.All)
            Assert.Equal(1, await db.ExecuteAsync(sample.Insert(), ct));

        // What the feed says of the other samples.
        await db.ExecuteAsync("delete from attune.notification where position is null", ct);

        foreach (var relation in await db.ListAsync<string>(
            "select relname from pg_class where relnamespace = 'attune'::regnamespace and relkind in ('r', 'v')", ct))
            Assert.Equal(1, await db.ReadAsync<int>($"select count(*) from attune.{relation}", ct));

        foreach (var sample in Samples.All)
            Assert.Equal(1, await db.ExecuteAsync($"update attune.{sample.Table} set created = created", ct));

        foreach (var sample in Samples.All.Reverse())
            Assert.Equal(1, await db.ExecuteAsync($"delete from attune.{sample.Table}", ct));
    }

    [Fact]
    public async Task It_may_take_ids_ahead_of_rows_and_calls_every_function()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await using var db = bench.AsServiceRole();

        Assert.Equal(1, await db.ReadAsync<long>("select nextval(pg_get_serial_sequence('attune.execution', 'id'))", ct));
        Assert.Empty(await db.ListAsync<string>(
            """
            select p.oid::regprocedure::text
            from pg_proc p
            where p.pronamespace = 'attune'::regnamespace and not has_function_privilege(p.oid, 'execute')
            """, ct));
    }

    [Fact]
    public async Task It_cannot_change_the_structure_of_any_table_or_empty_one()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await using var db = bench.AsServiceRole();
        var mistakes = new List<string>();
        foreach (var table in await db.ListTablesAsync(ct))
        {
            string[] statements =
            [
                $"truncate attune.{table} cascade",
                $"drop table attune.{table} cascade",
                $"alter table attune.{table} add column extra int",
                $"create index on attune.{table} (created)",
                $"alter table attune.{table} disable trigger all",
                $"create trigger extra before update on attune.{table} for each row execute function attune.update_updated_column()",
                $"alter table attune.{table} owner to svc_attune",
            ];
            foreach (var statement in statements)
                await ExpectDeniedAsync(db, statement, mistakes);
        }

        Assert.Empty(mistakes);
    }

    [Theory]
    [InlineData("create table attune.extra (id int)")]
    [InlineData("create view attune.extra as select 1 as one")]
    [InlineData("create function attune.extra() returns int language sql as 'select 1'")]
    [InlineData("create type attune.extra as enum ('a')")]
    [InlineData("alter type attune.execution_status_enum add value 'lost'")]
    [InlineData("drop function attune.update_updated_column() cascade")]
    [InlineData("drop schema attune cascade")]
    [InlineData("create schema extra")]
    [InlineData("create role extra")]
    [InlineData("alter role svc_attune superuser")]
    [InlineData("update attune_migrations.migration set name = 'x'")]
    public async Task It_cannot(string statement)
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await using var db = bench.AsServiceRole();
        var mistakes = new List<string>();

        await ExpectDeniedAsync(db, statement, mistakes);

        Assert.Empty(mistakes);
    }

    [Fact]
    public async Task It_starts_without_a_login_a_password_and_any_power_over_the_cluster()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);

        Assert.True(await bench.Db.ReadAsync<bool>(
            """
            select not (rolcanlogin or rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls or rolpassword is not null)
            from pg_authid
            where rolname = 'svc_attune'
            """, ct));
    }

    [Fact]
    public async Task It_has_its_rights_on_a_table_that_a_later_migration_makes()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.ExecuteAsync("create table attune.later (id bigint generated always as identity, name text)", ct);
        await using var db = bench.AsServiceRole();

        await db.ExecuteAsync("insert into later (name) values ('a'); update later set name = 'b'; delete from later", ct);

        Assert.NotNull(await db.RefusalAsync("truncate later", ct));
    }

    async Task ExpectDeniedAsync(NpgsqlDataSource db, string statement, List<string> mistakes)
    {
        var refusal = await db.RefusalAsync(statement, ct);
        if (refusal?.SqlState != PostgresErrorCodes.InsufficientPrivilege)
            mistakes.Add($"{statement}: {refusal?.MessageText ?? "allowed"}");
    }
}
