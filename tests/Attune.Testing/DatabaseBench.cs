using Attune.Server.Storage;
using Npgsql;

namespace Attune.Testing;

/// <summary>A database of its own for one test, on a real PostgreSQL that the test process starts once.</summary>
public sealed class DatabaseBench : IAsyncDisposable
{
    readonly TestCluster cluster;
    readonly string name;

    DatabaseBench(TestCluster cluster, string name)
    {
        (this.cluster, this.name) = (cluster, name);
        ConnectionString = cluster.ConnectionTo(name);
        Db = Database.Open(new() { ConnectionString = ConnectionString }, "attune-test");
    }

    /// <summary>As the owner of the database, who is a superuser.</summary>
    public string ConnectionString { get; }

    /// <summary>Set up like the server's own: `search_path` attune, UTC.</summary>
    public NpgsqlDataSource Db { get; }

    public ManualClock Clock { get; } = new();

    /// <summary>A database that the real migrator has brought up to date (once; this is a copy, made in milliseconds).</summary>
    public static Task<DatabaseBench> CreateAsync(CancellationToken ct) => CreateAsync(isMigrated: true, ct);

    /// <summary>A database with nothing in it.</summary>
    public static Task<DatabaseBench> CreateEmptyAsync(CancellationToken ct) => CreateAsync(isMigrated: false, ct);

    public async ValueTask DisposeAsync()
    {
        await Db.DisposeAsync();
        await cluster.DropAsync(name);
    }

    static async Task<DatabaseBench> CreateAsync(bool isMigrated, CancellationToken ct)
    {
        var cluster = await TestCluster.GetAsync();
        return new(cluster, await cluster.CreateAsync(isMigrated, ct));
    }
}
