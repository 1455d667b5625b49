using Dapper;
using Npgsql;

namespace Attune.Benchmarks.Installations;

/// <summary>The product's schema without the product, which would listen to what is written in its own: the tables of the baselines.</summary>
static class BaselineDatabase
{
    public const string Name = "baseline";

    // What the foreign keys of an execution are checked against; both ids are 1.
    const string Seed = """
        insert into attune.identity (login) values ('bench');
        insert into attune.pack (ref, label, version) values ('core', 'Core', '1.0.0');
        insert into attune.action (ref, pack, pack_ref, label) select 'core.noop', id, 'core', 'Nothing' from attune.pack;
        """;

    /// <returns>Its connection string.</returns>
    public static async Task<string> CreateAsync(DurablePostgres postgres, CancellationToken ct)
    {
        var connectionString = await postgres.CreateDatabaseAsync(Name, ct);
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.ExecuteAsync(new CommandDefinition(Seed, cancellationToken: ct));
        return connectionString;
    }
}
