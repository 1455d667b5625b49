using Attune.Testing;
using Dapper;
using Npgsql;

namespace Attune.Migrations.Tests;

static class Queries
{
    const string TablesSql =
        """
        select relname
        from pg_class
        where relnamespace = 'attune'::regnamespace and relkind = 'r'
        order by relname collate "C"
        """;

    public static async Task<IReadOnlyList<string>> ListTablesAsync(this NpgsqlDataSource db, CancellationToken ct)
        => await db.ListAsync<string>(TablesSql, ct);

    public static async Task<IReadOnlyList<T>> ListAsync<T>(this NpgsqlDataSource db, string sql, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return [.. await connection.QueryAsync<T>(new CommandDefinition(sql, cancellationToken: ct))];
    }

    public static async Task<T> ReadAsync<T>(this NpgsqlDataSource db, string sql, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<T>(new CommandDefinition(sql, cancellationToken: ct));
    }

    /// <returns>Rows affected.</returns>
    public static async Task<int> ExecuteAsync(this NpgsqlDataSource db, string sql, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.ExecuteAsync(new CommandDefinition(sql, cancellationToken: ct));
    }

    /// <returns>What it was refused with; null when it was not.</returns>
    public static async Task<PostgresException?> RefusalAsync(this NpgsqlDataSource db, string sql, CancellationToken ct)
    {
        try
        {
            await db.ExecuteAsync(sql, ct);
            return null;
        }
        catch (PostgresException exception)
        {
            return exception;
        }
    }

    /// <summary>A data source whose sessions act as the service role.</summary>
    public static NpgsqlDataSource AsServiceRole(this DatabaseBench bench)
        => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(bench.ConnectionString)
        {
            Options = "-c role=svc_attune",
            SearchPath = "attune",
            Pooling = false,
        });

    public static async Task InsertAsync(this NpgsqlDataSource db, IEnumerable<Sample> samples, CancellationToken ct)
        => await db.ExecuteAsync(string.Join(";\n", samples.Select(sample => sample.Insert())), ct);
}
