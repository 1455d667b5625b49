using Attune.Testing;
using Dapper;
using Npgsql;

namespace Attune.Server.Tests.Feed;

/// <summary>A transaction that changes things and is committed when the test says so.</summary>
sealed class OpenTransaction : IAsyncDisposable
{
    readonly NpgsqlConnection connection;
    readonly NpgsqlTransaction transaction;

    OpenTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction) => (this.connection, this.transaction) = (connection, transaction);

    public static async Task<OpenTransaction> BeginAsync(NpgsqlDataSource db)
    {
        var connection = await db.OpenConnectionAsync(Waiting.SoonEnough);
        return new(connection, await connection.BeginTransactionAsync(Waiting.SoonEnough));
    }

    /// <summary>The refs of all changes that have positions, in their order.</summary>
    public static async Task<IReadOnlyList<string>> ToldAsync(NpgsqlDataSource db)
    {
        await using var connection = await db.OpenConnectionAsync(Waiting.SoonEnough);
        return (await connection.QueryAsync<string>(
            "select ref from notification_change where position is not null order by position, entity_id")).AsList();
    }

    /// <summary>One statement that makes an execution.</summary>
    public Task WriteAsync(string reference)
        => connection.ExecuteAsync("insert into execution (action_ref) values (@reference)", new { reference }, transaction);

    public Task ExecuteAsync(string sql) => connection.ExecuteAsync(new CommandDefinition(sql, transaction: transaction));

    public Task CommitAsync() => transaction.CommitAsync(Waiting.SoonEnough);

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
