using Dapper;
using Npgsql;

namespace Attune.Server.Storage;

/// <summary>A migration as the database remembers it.</summary>
public sealed record AppliedMigration
{
    public required long Version { get; init; }
    public required string Name { get; init; }
    public required string Checksum { get; init; }
    public required DateTimeOffset AppliedAt { get; init; }
    public required long DurationMs { get; init; }
}

/// <summary>
/// The record of what was applied. It has a schema of its own: undoing the first migration drops `attune`, which must not
/// take the record along, and `public` is closed to us in many databases since PostgreSQL 15.
/// </summary>
static class MigrationStore
{
    const string CreateSql =
        """
        create schema if not exists attune_migrations;

        create table if not exists attune_migrations.migration (
            version bigint primary key,
            name text not null,
            description text not null,
            checksum char(64) not null,
            applied_at timestamptz not null,
            duration_ms bigint not null
        );

        -- A server's role reads it to know whether it fits the database; there is nothing secret in it.
        grant usage on schema attune_migrations to public;
        grant select on attune_migrations.migration to public;
        """;

    public static Task CreateAsync(NpgsqlConnection connection, CancellationToken ct)
        => connection.ExecuteAsync(new CommandDefinition(CreateSql, cancellationToken: ct));

    const string ExistsSql = "select to_regclass('attune_migrations.migration') is not null";

    const string ListSql =
        """
        select version, name, checksum, applied_at, duration_ms
        from attune_migrations.migration
        order by version
        """;

    /// <summary>Empty on a database that was never migrated.</summary>
    public static async Task<IReadOnlyList<AppliedMigration>> ListAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        if (!await connection.ExecuteScalarAsync<bool>(new(ExistsSql, cancellationToken: ct)))
            return [];

        await using var command = new NpgsqlCommand(ListSql, connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var applied = new List<AppliedMigration>();
        while (await reader.ReadAsync(ct))
        {
            applied.Add(new()
            {
                Version = reader.GetInt64(0),
                Name = reader.GetString(1),
                Checksum = reader.GetString(2),
                AppliedAt = reader.GetFieldValue<DateTimeOffset>(3),
                DurationMs = reader.GetInt64(4),
            });
        }

        return applied;
    }

    const string AddSql =
        """
        insert into attune_migrations.migration (version, name, description, checksum, applied_at, duration_ms)
        values (@Version, @Name, @Description, @Checksum, @appliedAt, @durationMs)
        """;

    public static Task AddAsync(
        NpgsqlConnection connection, Migration migration, DateTimeOffset appliedAt, long durationMs, CancellationToken ct)
        => connection.ExecuteAsync(new CommandDefinition(
            AddSql,
            new { migration.Version, migration.Name, migration.Description, migration.Checksum, appliedAt, durationMs },
            cancellationToken: ct));

    const string RemoveSql = "delete from attune_migrations.migration where version = @version";

    public static Task RemoveAsync(NpgsqlConnection connection, long version, CancellationToken ct)
        => connection.ExecuteAsync(new CommandDefinition(RemoveSql, new { version }, cancellationToken: ct));
}
