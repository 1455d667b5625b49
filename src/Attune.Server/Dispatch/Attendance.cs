using Attune.Server.Workers;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Attune.Server.Dispatch;

/// <summary>
/// Whether silence means that an agent is lost. A lease can be renewed only while a server and its database are there; after both
/// were away, however long, the agents first get the time of a lease to come back.
/// </summary>
sealed class Attendance(NpgsqlDataSource db, IOptions<WorkerOptions> options, TimeProvider clock)
{
    long presentSince = clock.GetTimestamp();

    /// <summary>To be asked by one loop, several times within each lease: a time without an answer is a time of absence.</summary>
    /// <exception cref="NpgsqlException">The database is away; the time begins anew.</exception>
    public async Task<bool> IsFullAsync(CancellationToken ct)
    {
        try
        {
            await using var command = db.CreateCommand("select 1");
            await command.ExecuteNonQueryAsync(ct);
        }
        catch (NpgsqlException)
        {
            presentSince = clock.GetTimestamp();
            throw;
        }

        return clock.GetElapsedTime(presentSince) >= options.Value.Lease;
    }
}
