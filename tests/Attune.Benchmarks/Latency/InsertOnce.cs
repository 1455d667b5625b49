using System.Diagnostics;
using Npgsql;

namespace Attune.Benchmarks.Latency;

/// <summary>One row into the product's own table, durably: prepared, autocommitted, on a connection that is open already.</summary>
sealed class InsertOnce : IAsyncDisposable
{
    readonly NpgsqlDataSource db;
    readonly NpgsqlConnection connection;
    readonly NpgsqlCommand command;

    InsertOnce(NpgsqlDataSource db, NpgsqlConnection connection, NpgsqlCommand command)
        => (this.db, this.connection, this.command) = (db, connection, command);

    const string Sql = """
        insert into attune.execution (
            action, action_ref, config, executor, priority, timeout_ms, worker_labels, env_vars, at_least_once, max_attempts,
            status, worker_name, attempt, scheduled_at, created, updated)
        values (1, 'core.noop', '{}', 1, 5, 30000, '{}', '{}', true, 1, 'scheduled', 'bench', 1, @now, @now, @now)
        returning id
        """;

    public static async Task<InsertOnce> PrepareAsync(NpgsqlDataSource db, CancellationToken ct)
    {
        var connection = await db.OpenConnectionAsync(ct);
        var command = new NpgsqlCommand(Sql, connection);
        command.Parameters.Add(new("now", NpgsqlTypes.NpgsqlDbType.TimestampTz) { Value = TimeProvider.System.GetUtcNow() });
        await command.PrepareAsync(ct);
        return new(db, connection, command);
    }

    public async Task<TimeSpan> RunAsync(CancellationToken ct)
    {
        command.Parameters[0].Value = TimeProvider.System.GetUtcNow();
        var start = Stopwatch.GetTimestamp();
        await command.ExecuteScalarAsync(ct);
        return Stopwatch.GetElapsedTime(start);
    }

    public async ValueTask DisposeAsync()
    {
        await command.DisposeAsync();
        await connection.DisposeAsync();
        await db.DisposeAsync();
    }
}
