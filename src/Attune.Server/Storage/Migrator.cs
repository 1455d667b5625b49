using Npgsql;

namespace Attune.Server.Storage;

/// <summary>
/// Applies and reverts migrations, each in one transaction. Only one migrator works on a database at a time; another waits
/// for it and then finds nothing left to do.
/// </summary>
public sealed class Migrator(string connectionString, MigrationFolder folder, TimeProvider clock)
{
    // "attune" in ASCII: one number for every build, so that different versions exclude each other too.
    const long LockKey = 0x617474756e65;

    /// <param name="applied">Told about each migration after its commit, with how long it took.</param>
    /// <param name="ct">Rolls back the one that is running; those before it stay.</param>
    /// <returns>How many were applied.</returns>
    /// <exception cref="StorageException">A file was edited, is unknown, or failed: the message names it and its line.</exception>
    public async Task<int> RunAsync(Action<Migration, TimeSpan> applied, CancellationToken ct)
    {
        await using var connection = await OpenLockedAsync(ct);
        await MigrationStore.CreateAsync(connection, ct);
        var state = MigrationState.Compare(folder, await MigrationStore.ListAsync(connection, ct));
        if (state.Obstacle() is { } obstacle)
            throw new StorageException(obstacle);

        var pending = state.Names(MigrationStanding.Pending).ToHashSet();
        foreach (var migration in folder.Migrations.Where(each => pending.Contains(each.Name)))
        {
            var started = clock.GetTimestamp();
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await ExecuteAsync(connection, migration.Path, migration.Sql, ct);
            var took = clock.GetElapsedTime(started);
            await MigrationStore.AddAsync(connection, migration, clock.GetUtcNow(), (long)took.TotalMilliseconds, ct);
            await transaction.CommitAsync(ct);
            applied(migration, took);
        }

        return pending.Count;
    }

    public async Task<MigrationState> ReadAsync(CancellationToken ct)
    {
        await using var connection = await OpenAsync(ct);
        return MigrationState.Compare(folder, await MigrationStore.ListAsync(connection, ct));
    }

    /// <summary>Undoes the newest migration, or every one newer than the given version (0: all of them), newest first.</summary>
    /// <returns>How many were reverted.</returns>
    /// <exception cref="StorageException">An undo is missing (then none is run) or failed.</exception>
    public async Task<int> RevertAsync(long? toVersion, Action<Migration> reverted, CancellationToken ct)
    {
        await using var connection = await OpenLockedAsync(ct);
        var applied = await MigrationStore.ListAsync(connection, ct);
        if (MigrationState.Compare(folder, applied).Names(MigrationStanding.Unknown) is { Count: > 0 } unknown)
            throw new StorageException($"This server has no undo for {MigrationState.List(unknown)}. Revert with the version that migrated the database.");

        if (toVersion is > 0 && applied.All(each => each.Version != toVersion))
            throw new StorageException($"Version {toVersion} is not applied. 'attune-server migrate info' lists what is.");

        var versions = applied.Select(each => each.Version).OrderDescending().ToList();
        var undone = toVersion is null ? versions.Take(1).ToHashSet() : versions.Where(each => each > toVersion).ToHashSet();
        var migrations = folder.Migrations.Where(each => undone.Contains(each.Version)).OrderByDescending(each => each.Version).ToList();
        if (migrations.FirstOrDefault(each => !File.Exists(each.UndoPath)) is { } final)
            throw new StorageException($"{final.Name} has no undo: {final.UndoPath} is missing. Nothing was reverted.");

        foreach (var migration in migrations)
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            var sql = (await File.ReadAllTextAsync(migration.UndoPath, ct)).ReplaceLineEndings("\n");
            await ExecuteAsync(connection, migration.UndoPath, sql, ct);
            await MigrationStore.RemoveAsync(connection, migration.Version, ct);
            await transaction.CommitAsync(ct);
            reverted(migration);
        }

        return migrations.Count;
    }

    async Task<NpgsqlConnection> OpenAsync(CancellationToken ct)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            // A session of its own, so that its settings, its lock and the types it makes are nobody else's.
            Pooling = false,
            Enlist = false,
            ApplicationName = "attune-server migrate",
            CommandTimeout = 0,
            IncludeErrorDetail = true,
        };
        if (settings.Host?.Contains(',') == true)
            settings.TargetSessionAttributes = "primary";

        var connection = new NpgsqlConnection(settings.ConnectionString);
        try
        {
            await connection.OpenAsync(ct);
            return connection;
        }
        catch (NpgsqlException exception)
        {
            await connection.DisposeAsync();
            throw new StorageException($"The database at {settings.Host} cannot be reached: {exception.Message}", exception);
        }
    }

    async Task<NpgsqlConnection> OpenLockedAsync(CancellationToken ct)
    {
        var connection = await OpenAsync(ct);
        await using var command = new NpgsqlCommand("select pg_advisory_lock($1)", connection) { Parameters = { new() { Value = LockKey } } };
        await command.ExecuteNonQueryAsync(ct);
        return connection;
    }

    static async Task ExecuteAsync(NpgsqlConnection connection, string path, string sql, CancellationToken ct)
    {
        foreach (var statement in Body(path, SqlScript.Split(sql)))
        {
            try
            {
                await using var command = new NpgsqlCommand(statement.Text, connection);
                await command.ExecuteNonQueryAsync(ct);
            }
            catch (PostgresException exception)
            {
                throw new StorageException($"{path}:{LineOf(statement, exception.Position)}: {Explain(exception)}", exception);
            }
        }

        // A `set search_path` in a file must not leak into the next: with psql each file has a session of its own.
        await using var reset = new NpgsqlCommand("reset all", connection);
        await reset.ExecuteNonQueryAsync(ct);
    }

    /// <summary>For psql a file may bracket itself in a transaction; here it runs in ours, together with the record of it.</summary>
    static IReadOnlyList<SqlStatement> Body(string path, IReadOnlyList<SqlStatement> statements)
    {
        var body = statements is [var first, .., var last] && IsOne(first, "begin", "start transaction") && IsOne(last, "commit", "end")
            ? statements.Skip(1).SkipLast(1).ToList()
            : statements;
        if (body.FirstOrDefault(each => IsOne(each, "begin", "start transaction", "commit", "end", "rollback")) is { } stray)
            throw new StorageException($"{path}:{stray.Line}: a migration is one transaction and cannot say '{stray.Text}' in its middle.");

        return body;

        static bool IsOne(SqlStatement statement, params ReadOnlySpan<string> commands)
        {
            foreach (var command in commands)
            {
                if (statement.Text.Equals(command, StringComparison.OrdinalIgnoreCase))
                    return true;
            }

            return false;
        }
    }

    /// <param name="statement">Where the error is.</param>
    /// <param name="position">In characters from 1; 0 when the error is about the whole statement.</param>
    static int LineOf(SqlStatement statement, int position)
        => statement.Line + statement.Text.AsSpan(0, Math.Clamp(position - 1, 0, statement.Text.Length)).Count('\n');

    static string Explain(PostgresException exception)
        => string.Join(" ", new[] { $"{exception.MessageText} ({exception.SqlState})", exception.Detail, exception.Hint }.Where(each => each is not null));
}
