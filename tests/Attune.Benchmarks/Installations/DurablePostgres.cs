using System.Data;
using System.Globalization;
using Attune.Server.Storage;
using Attune.Testing;
using Dapper;
using Npgsql;

namespace Attune.Benchmarks.Installations;

/// <summary>A private PostgreSQL that promises what a production one does, with databases like the product's. Removed at the end.</summary>
sealed class DurablePostgres : IAsyncDisposable
{
    const string Prefix = "attune-bench-";

    // Not /tmp, which may be memory: a commit must reach a disk.
    const string Parent = "/var/tmp";

    readonly PrivatePostgres postgres;
    readonly PostgresBinaries binaries;
    readonly string directory;

    DurablePostgres(PrivatePostgres postgres, PostgresBinaries binaries, string directory)
        => (this.postgres, this.binaries, this.directory) = (postgres, binaries, directory);

    /// <summary>Of the postmaster.</summary>
    public int ProcessId => int.Parse(File.ReadLines(Path.Combine(directory, "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    /// <summary>On the same disk, for whatever else belongs to this run; removed with it.</summary>
    public string Scratch => Path.Combine(directory, "scratch");

    public string Socket => Path.Combine(directory, "socket");

    public string PgBench => binaries["pgbench"];

    public static async Task<DurablePostgres> StartAsync(TimeProvider clock, CancellationToken ct)
    {
        await ReapAsync(clock, ct);
        var directory = Path.Combine(Parent, $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}");
        var postgres = await PrivatePostgres.StartAsync(new() { Directory = directory }, clock, ct);
        var durable = new DurablePostgres(postgres, await PostgresBinaries.FindAsync(null, null, ct), directory);
        Directory.CreateDirectory(durable.Scratch);
        await durable.CheckDurabilityAsync(ct);
        return durable;
    }

    /// <summary>A new database, migrated as the product's.</summary>
    /// <returns>Its connection string, as its owner.</returns>
    public async Task<string> CreateDatabaseAsync(string name, CancellationToken ct)
    {
        await ExecuteAsync($"create database {name}", ct);
        var migrator = new Migrator(postgres.ConnectionTo(name), MigrationFolder.Load(Repository.Migrations), TimeProvider.System);
        await migrator.RunAsync((_, _) => { }, ct);
        return postgres.ConnectionTo(name);
    }

    /// <summary>So that no measurement pays for the pages that the one before it dirtied.</summary>
    public Task CheckpointAsync(CancellationToken ct) => ExecuteAsync("checkpoint", ct);

    public async ValueTask DisposeAsync()
    {
        await postgres.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>Of runs that were killed. A directory that young may belong to one that has not come to locking it yet.</summary>
    static async Task ReapAsync(TimeProvider clock, CancellationToken ct)
    {
        var newest = clock.GetUtcNow().UtcDateTime - TimeSpan.FromMinutes(2);
        foreach (var directory in Directory.EnumerateDirectories(Parent, Prefix + "*"))
        {
            if (Directory.GetCreationTimeUtc(directory) < newest)
                await PrivatePostgres.RemoveAbandonedAsync(directory, ct);
        }
    }

    async Task CheckDurabilityAsync(CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionTo("postgres"));
        foreach (var setting in new[] { "fsync", "synchronous_commit", "full_page_writes" })
        {
            if (await connection.QuerySingleAsync<string>(new CommandDefinition($"show {setting}", cancellationToken: ct)) is not "on")
                throw new InvalidOperationException($"{setting} is off: what would be measured is not durable.");
        }
    }

    async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(postgres.ConnectionTo("postgres"));
        // Said to be text, because Dapper takes a single word for a procedure's name.
        await connection.ExecuteAsync(new CommandDefinition(sql, commandType: CommandType.Text, cancellationToken: ct));
    }
}
