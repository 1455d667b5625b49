using Attune.Server.Storage;
using Attune.Testing;

namespace Attune.Server.Tests.Storage;

public sealed class MigratorTests : IAsyncLifetime, IDisposable
{
    const string First = "20250101000001_first";
    const string Second = "20250101000002_second";

    readonly ScratchDirectory scratch = new();
    DatabaseBench bench = null!;

    public async Task InitializeAsync()
    {
        bench = await DatabaseBench.CreateEmptyAsync(Waiting.SoonEnough);
        Write(First, "create schema attune;\ncreate table attune.thing (id bigint);\n", "drop schema attune cascade;\n");
        Write(Second, "alter table attune.thing add name text;\n", "alter table attune.thing drop name;\n");
    }

    public async Task DisposeAsync() => await bench.DisposeAsync();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public async Task Migrations_are_applied_in_order_once()
    {
        Assert.Equal([First, Second], await RunAsync());
        Assert.Empty(await RunAsync());
        await MigrationCheck.EnsureCurrentAsync(bench.Db, Folder(), Waiting.SoonEnough);
        Assert.Equal(1L, await ScalarAsync("select count(name) + 1 from attune.thing"));
    }

    [Fact]
    public async Task Two_migrators_at_once_share_the_work_without_doing_any_of_it_twice()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RunAsync()));
        Assert.Equal([First, Second], runs.SelectMany(names => names).Order());
        Assert.Equal(2L, await ScalarAsync("select count(*) from attune_migrations.migration"));
    }

    [Fact]
    public async Task A_failure_in_the_middle_rolls_its_file_back_and_names_the_file_and_line()
    {
        var path = Write("20250101000003_third", "create table attune.half (id bigint);\n\n-- why\nselect *\nfrom attune.nowhere;\n", "");
        var failure = await Assert.ThrowsAsync<StorageException>(RunAsync);
        Assert.StartsWith($"{path}:5: ", failure.Message);
        Assert.Contains("attune.nowhere", failure.Message);
        Assert.Equal(DBNull.Value, await ScalarAsync("select to_regclass('attune.half')::text"));
        Assert.Equal([First, Second], (await StateAsync()).Names(MigrationStanding.Applied));
    }

    [Fact]
    public async Task A_failure_without_a_position_names_the_line_its_statement_starts_on()
    {
        var path = Write("20250101000003_third", "create table attune.half (id bigint unique);\ninsert into attune.half\nvalues (1), (1);\n", "");
        var failure = await Assert.ThrowsAsync<StorageException>(RunAsync);
        Assert.StartsWith($"{path}:2: ", failure.Message);
        Assert.Contains("(id)=(1) already exists", failure.Message);
    }

    [Fact]
    public async Task An_edited_file_is_refused_by_name_and_nothing_is_applied()
    {
        await RunAsync();
        Write(First, "create schema attune;\n", "");
        Write("20250101000003_third", "create table attune.third (id bigint);\n", "");
        var refusal = await Assert.ThrowsAsync<StorageException>(RunAsync);
        Assert.Contains($"{First}.sql", refusal.Message);
        Assert.DoesNotContain(Second, refusal.Message);
        Assert.Equal(DBNull.Value, await ScalarAsync("select to_regclass('attune.third')::text"));
        await AssertServerRefusesAsync($"{First}.sql");
    }

    [Fact]
    public async Task Another_systems_line_ends_are_not_an_edit()
    {
        await RunAsync();
        Write(First, "create schema attune;\r\ncreate table attune.thing (id bigint);\r\n", "");
        Assert.Empty(await RunAsync());
    }

    [Fact]
    public async Task A_database_ahead_is_refused_by_the_migrator_and_the_server_naming_what_is_missing()
    {
        await RunAsync();
        File.Delete(Path.Combine(scratch.Path, $"{Second}.sql"));
        var refusal = await Assert.ThrowsAsync<StorageException>(RunAsync);
        Assert.Contains($"ahead of this server, which does not have: {Second}.sql", refusal.Message);
        await AssertServerRefusesAsync(Second);
        Assert.Contains(Second, (await Assert.ThrowsAsync<StorageException>(() => RevertAsync(null))).Message);
    }

    [Fact]
    public async Task A_database_behind_is_refused_by_the_server_with_what_to_run()
    {
        await AssertServerRefusesAsync($"2 migrations are not applied, from {First}.sql on. Run 'attune-server migrate run'");
        await RunAsync();
        Write("20250101000003_third", "select 1;", "");
        await AssertServerRefusesAsync("1 migrations are not applied, from 20250101000003_third.sql on");
    }

    [Fact]
    public async Task The_newest_is_reverted_and_can_be_applied_again()
    {
        await RunAsync();
        Assert.Equal([Second], await RevertAsync(null));
        Assert.Equal([Second], (await StateAsync()).Names(MigrationStanding.Pending));
        Assert.Equal([Second], await RunAsync());
    }

    [Fact]
    public async Task Everything_can_be_reverted_and_the_record_outlives_the_schema()
    {
        await RunAsync();
        Assert.Equal([Second, First], await RevertAsync(0));
        Assert.Equal(0L, await ScalarAsync("select count(*) from attune_migrations.migration"));
        Assert.Equal(DBNull.Value, await ScalarAsync("select to_regnamespace('attune')::text"));
        Assert.Equal([First, Second], await RunAsync());
    }

    [Fact]
    public async Task Reverting_to_a_version_keeps_that_version()
    {
        await RunAsync();
        Assert.Equal([Second], await RevertAsync(20250101000001));
        Assert.Contains("7 is not applied", (await Assert.ThrowsAsync<StorageException>(() => RevertAsync(7))).Message);
    }

    [Fact]
    public async Task A_missing_undo_is_found_before_anything_is_reverted()
    {
        await RunAsync();
        File.Delete(Path.Combine(scratch.Path, "undo", $"{First}.sql"));
        Assert.Contains(First, (await Assert.ThrowsAsync<StorageException>(() => RevertAsync(0))).Message);
        Assert.Equal([First, Second], (await StateAsync()).Names(MigrationStanding.Applied));
    }

    [Fact]
    public async Task A_file_bracketed_for_psql_still_rolls_back_with_its_record()
    {
        Write("20250101000003_third", "-- for psql\nbegin;\ncreate table attune.third (id bigint);\ncommit;\n", "");
        Assert.Contains("20250101000003_third", await RunAsync());
        Write("20250101000004_fourth", "begin;\ncreate table attune.fourth (id bigint);\ncommit;\nselect 1;\n", "");
        Assert.Contains("_fourth.sql:1: a migration is one transaction", (await Assert.ThrowsAsync<StorageException>(RunAsync)).Message);
    }

    [Fact]
    public async Task A_setting_made_in_one_file_does_not_reach_the_next()
    {
        Write("20250101000003_third", "set search_path = attune;\ncreate table third (id bigint);\n", "");
        Write("20250101000004_fourth", "create table fourth (id bigint);\n", "");
        await RunAsync();
        Assert.Equal("attune", await ScalarAsync("select schemaname::text from pg_tables where tablename = 'third'"));
        Assert.Equal("public", await ScalarAsync("select schemaname::text from pg_tables where tablename = 'fourth'"));
    }

    MigrationFolder Folder() => MigrationFolder.Load(scratch.Path);

    Migrator Migrator() => new(bench.ConnectionString, Folder(), TimeProvider.System);

    Task<MigrationState> StateAsync() => Migrator().ReadAsync(Waiting.SoonEnough);

    async Task<List<string>> RunAsync()
    {
        var names = new List<string>();
        await Migrator().RunAsync((migration, _) => names.Add(migration.Name), Waiting.SoonEnough);
        return names;
    }

    async Task<List<string>> RevertAsync(long? toVersion)
    {
        var names = new List<string>();
        await Migrator().RevertAsync(toVersion, migration => names.Add(migration.Name), Waiting.SoonEnough);
        return names;
    }

    async Task AssertServerRefusesAsync(string because)
    {
        var refusal = await Assert.ThrowsAsync<StorageException>(
            () => MigrationCheck.EnsureCurrentAsync(bench.Db, Folder(), Waiting.SoonEnough));
        Assert.Contains(because, refusal.Message);
    }

    string Write(string name, string sql, string undo)
    {
        scratch.Write($"undo/{name}.sql", undo);
        return scratch.Write($"{name}.sql", sql);
    }

    async Task<object?> ScalarAsync(string sql)
    {
        await using var command = bench.Db.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
