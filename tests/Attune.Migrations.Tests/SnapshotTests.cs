using Attune.Server.Storage;
using Attune.Testing;
using Npgsql;

namespace Attune.Migrations.Tests;

/// <summary>
/// The whole schema is written down in schema.snapshot.txt beside this file, so that a change of it is read by whoever
/// reviews a migration. Rewrite it by running the tests with the environment variable ATTUNE_SNAPSHOT=write.
/// </summary>
public sealed class SnapshotTests
{
    static readonly Lazy<Task<string>> Written = new(ReadOrWriteAsync);
    readonly CancellationToken ct = Waiting.SoonEnough;

    [Fact]
    public async Task The_migrations_make_the_schema_that_the_snapshot_describes()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);

        AssertSame(await Written.Value, await SchemaSnapshot.ReadAsync(bench.Db, ct), "ATTUNE_SNAPSHOT=write rewrites the snapshot");
    }

    [Fact]
    public async Task Every_undo_takes_back_exactly_what_its_migration_did()
    {
        await using var bench = await DatabaseBench.CreateEmptyAsync(ct);
        var folder = MigrationFolder.Load(Repository.Migrations);
        var migrator = new Migrator(bench.ConnectionString, folder, TimeProvider.System);
        await migrator.RunAsync((_, _) => { }, ct);

        // What is left after each undo, newest first; nothing after the last.
        var before = new Stack<string>([await SchemaSnapshot.ReadAsync(bench.Db, ct)]);
        foreach (var _ in folder.Migrations)
        {
            Assert.Equal(1, await migrator.RevertAsync(null, _ => { }, ct));
            before.Push(await SchemaSnapshot.ReadAsync(bench.Db, ct));
        }

        Assert.Equal("\n", before.Pop());
        foreach (var migration in folder.Migrations)
        {
            await Psql.RunFileAsync(bench.ConnectionString, migration.Path, ["-1"], ct);
            AssertSame(await SchemaSnapshot.ReadAsync(bench.Db, ct), before.Pop(), $"the undo of the migration after {migration.Name}");
        }
    }

    [Fact]
    public async Task The_undos_succeed_on_a_database_full_of_rows()
    {
        await using var bench = await DatabaseBench.CreateAsync(ct);
        await bench.Db.InsertAsync(Samples.All, ct);
        var folder = MigrationFolder.Load(Repository.Migrations);
        var migrator = new Migrator(bench.ConnectionString, folder, TimeProvider.System);

        Assert.Equal(folder.Migrations.Count, await migrator.RevertAsync(0, _ => { }, ct));

        Assert.Equal("\n", await SchemaSnapshot.ReadAsync(bench.Db, ct));
        Assert.Equal(folder.Migrations.Count, await migrator.RunAsync((_, _) => { }, ct));
        AssertSame(await Written.Value, await SchemaSnapshot.ReadAsync(bench.Db, ct), "up, down and up again");
    }

    [Fact]
    public async Task The_files_apply_by_hand_with_psql_in_the_order_of_their_names()
    {
        await using var bench = await DatabaseBench.CreateEmptyAsync(ct);

        foreach (var file in Directory.EnumerateFiles(Repository.Migrations, "*.sql").Order(StringComparer.Ordinal))
            await Psql.RunFileAsync(bench.ConnectionString, file, [], ct);

        AssertSame(await Written.Value, await SchemaSnapshot.ReadAsync(bench.Db, ct), "made by psql");
    }

    [Fact]
    public async Task Each_file_says_in_its_first_line_what_it_is_and_leaves_the_transaction_to_who_runs_it()
    {
        var files = Directory.GetFiles(Repository.Migrations, "*.sql", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var lines = await File.ReadAllLinesAsync(file, ct);
            Assert.StartsWith("-- ", lines[0]);
            Assert.DoesNotContain(lines, line => line is "begin;" or "commit;" or "BEGIN;" or "COMMIT;");
        }
    }

    [Fact]
    public async Task The_last_undo_keeps_a_role_that_another_database_of_the_cluster_uses()
    {
        // The template of the benches is such a database.
        await using var bench = await DatabaseBench.CreateAsync(ct);
        var migrator = new Migrator(bench.ConnectionString, MigrationFolder.Load(Repository.Migrations), TimeProvider.System);

        await migrator.RevertAsync(0, _ => { }, ct);

        Assert.True(await bench.Db.ReadAsync<bool>("select exists (select from pg_roles where rolname = 'svc_attune')", ct));
        Assert.False(await bench.Db.ReadAsync<bool>("select exists (select from pg_namespace where nspname = 'attune')", ct));
    }

    [Fact]
    public async Task An_owner_who_is_no_superuser_can_migrate_and_undo()
    {
        await using var bench = await DatabaseBench.CreateEmptyAsync(ct);
        var owner = $"owner_{Guid.NewGuid():N}";
        await bench.Db.ExecuteAsync($"create role {owner} createrole; grant create on database {new NpgsqlConnectionStringBuilder(bench.ConnectionString).Database} to {owner}", ct);
        var migrator = new Migrator(
            $"{bench.ConnectionString};Options=-c role={owner}", MigrationFolder.Load(Repository.Migrations), TimeProvider.System);

        await migrator.RunAsync((_, _) => { }, ct);
        Assert.Equal(owner, await bench.Db.ReadAsync<string>("select tableowner from pg_tables where schemaname = 'attune' limit 1", ct));
        AssertSame(await Written.Value, await SchemaSnapshot.ReadAsync(bench.Db, ct), "migrated by an owner who is no superuser");

        await migrator.RevertAsync(0, _ => { }, ct);
        Assert.Equal("\n", await SchemaSnapshot.ReadAsync(bench.Db, ct));
        await bench.Db.ExecuteAsync($"drop owned by {owner}; drop role {owner}", ct);
    }

    static async Task<string> ReadOrWriteAsync()
    {
        var ct = Waiting.SoonEnough;
        var path = Path.Combine(Repository.Root, "tests", "Attune.Migrations.Tests", "schema.snapshot.txt");
        if (Environment.GetEnvironmentVariable("ATTUNE_SNAPSHOT") == "write")
        {
            await using var bench = await DatabaseBench.CreateAsync(ct);
            await File.WriteAllTextAsync(path, await SchemaSnapshot.ReadAsync(bench.Db, ct), ct);
        }

        return await File.ReadAllTextAsync(path, ct);
    }

    static void AssertSame(string expected, string actual, string about)
    {
        var (left, right) = (expected.Split('\n'), actual.Split('\n'));
        for (var line = 0; line < Math.Max(left.Length, right.Length); line++)
        {
            var (wanted, found) = (left.ElementAtOrDefault(line), right.ElementAtOrDefault(line));
            if (wanted != found)
                Assert.Fail($"Line {line + 1} differs ({about}).\nexpected: {wanted ?? "(the end)"}\nfound:    {found ?? "(the end)"}");
        }
    }
}
