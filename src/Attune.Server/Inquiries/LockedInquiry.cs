using Npgsql;

namespace Attune.Server.Inquiries;

/// <summary>Changes that only one at a time may make to an inquiry. Everybody who ends one locks its execution first, then itself.</summary>
static class LockedInquiry
{
    const int AttemptsMax = 5;

    const string LockExecution = "select id from execution where id = @execution for no key update";
    const string LockInquiry = "select id from inquiry where id = @id for no key update";

    /// <param name="db">Where it is.</param>
    /// <param name="inquiry">Whose present state need not be what was read.</param>
    /// <param name="change">Runs in the transaction that is committed after it; again, where a deadlock undid it.</param>
    /// <param name="ct">Ends it before the commit.</param>
    public static async Task<T> ChangeAsync<T>(
        NpgsqlDataSource db, InquiryRow inquiry, Func<NpgsqlConnection, Task<T>> change, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await db.OpenConnectionAsync(ct);
                await using var transaction = await connection.BeginTransactionAsync(ct);
                await LockAsync(connection, inquiry, ct);
                var outcome = await change(connection);

                // Not to be interrupted: nobody would know whether it counted.
                await transaction.CommitAsync(CancellationToken.None);
                return outcome;
            }
            catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.DeadlockDetected && attempt < AttemptsMax)
            {
                // Whoever carries out a workflow locks many executions in an order of its own; it went through.
            }
        }
    }

    static async Task LockAsync(NpgsqlConnection connection, InquiryRow inquiry, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(LockExecution) { Parameters = { new("execution", inquiry.Execution) } },
                new(LockInquiry) { Parameters = { new("id", inquiry.Id) } },
            },
        };
        await batch.ExecuteNonQueryAsync(ct);
    }
}
