using Attune.Server.Storage;
using Npgsql;

namespace Attune.Testing;

/// <summary>
/// One throwaway PostgreSQL per test process. Its watchdog removes it when the process ends, however it ends; only a
/// watchdog that was itself killed leaves a directory behind, which the next test process reaps.
/// </summary>
sealed class TestCluster
{
    const string Prefix = "attune-test-";
    const string Template = "attune_template";

    static readonly Lazy<Task<TestCluster>> Started = new(StartAsync);
    readonly PrivatePostgres postgres;
    readonly Lazy<Task> migrated;

    TestCluster(PrivatePostgres postgres)
    {
        this.postgres = postgres;
        migrated = new(MakeTemplateAsync);
    }

    public static Task<TestCluster> GetAsync() => Started.Value;

    /// <param name="name">Of a database that <see cref="CreateAsync"/> made.</param>
    public string ConnectionTo(string name)
        => new NpgsqlConnectionStringBuilder(postgres.ConnectionTo(name)) { IncludeErrorDetail = true }.ConnectionString;

    /// <returns>The new database's name.</returns>
    public async Task<string> CreateAsync(bool isMigrated, CancellationToken ct)
    {
        var name = $"bench_{Guid.NewGuid():N}";
        if (isMigrated)
            await migrated.Value.WaitAsync(ct);

        await ExecuteAsync($"create database {name} template {(isMigrated ? Template : "template0")}", ct);
        return name;
    }

    public Task DropAsync(string name) => ExecuteAsync($"drop database {name} with (force)", CancellationToken.None);

    static async Task<TestCluster> StartAsync()
    {
        await ReapAsync();
        var options = new PrivatePostgresOptions
        {
            Directory = Path.Combine(Path.GetTempPath(), $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}"),
            Throwaway = true,
        };
        return new(await PrivatePostgres.StartAsync(options, TimeProvider.System, CancellationToken.None));
    }

    static async Task ReapAsync()
    {
        // A directory that young may belong to a process that has not come to locking it yet.
        var newest = TimeProvider.System.GetUtcNow().UtcDateTime - TimeSpan.FromMinutes(2);
        foreach (var directory in Directory.EnumerateDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            if (Directory.GetCreationTimeUtc(directory) < newest)
                await PrivatePostgres.RemoveAbandonedAsync(directory, CancellationToken.None);
        }
    }

    async Task MakeTemplateAsync()
    {
        await ExecuteAsync($"create database {Template} template template0", CancellationToken.None);
        if (Directory.Exists(Repository.Migrations))
        {
            var migrator = new Migrator(ConnectionTo(Template), MigrationFolder.Load(Repository.Migrations), TimeProvider.System);
            await migrator.RunAsync((_, _) => { }, CancellationToken.None);
        }
    }

    async Task ExecuteAsync(string sql, CancellationToken ct)
    {
        await using var connection = new NpgsqlConnection(ConnectionTo("postgres"));
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
