using Npgsql;

namespace Attune.Server.Storage;

/// <summary>A server runs only on the schema it was built for.</summary>
public static class MigrationCheck
{
    /// <exception cref="StorageException">The database is behind or ahead of the server, or cannot be reached.</exception>
    public static async Task EnsureCurrentAsync(NpgsqlDataSource db, MigrationFolder folder, CancellationToken ct)
    {
        try
        {
            await using var connection = await db.OpenConnectionAsync(ct);
            Ensure(MigrationState.Compare(folder, await MigrationStore.ListAsync(connection, ct)));
        }
        catch (NpgsqlException exception)
        {
            throw new StorageException($"The database cannot be used: {exception.Message}. Check Storage:ConnectionString and that PostgreSQL runs.", exception);
        }
    }

    static void Ensure(MigrationState state)
    {
        if (state.Obstacle() is { } obstacle)
            throw new StorageException(obstacle);

        if (state.Names(MigrationStanding.Pending) is { Count: > 0 } pending)
        {
            throw new StorageException(
                $"The database is behind this server: {pending.Count} migrations are not applied, from {pending[0]}.sql on. "
                + "Run 'attune-server migrate run', then start again.");
        }
    }
}
