using Dapper;
using Npgsql;

namespace Attune.Server.Status;

sealed record LiveCounts
{
    public required string DatabaseVersion { get; init; }
    public required int AgentsConnected { get; init; }
    public required int Slots { get; init; }
    public required int SlotsInUse { get; init; }
    public required long ExecutionsWaiting { get; init; }
    public required long ExecutionsAssigned { get; init; }
}

sealed class StatusStore(NpgsqlDataSource db)
{
    const string Count = """
        select current_setting('server_version') as database_version,
            worker.agents_connected,
            worker.slots,
            queue.assigned::int as slots_in_use,
            queue.waiting as executions_waiting,
            queue.assigned as executions_assigned
        from (
            select count(*)::int as agents_connected, coalesce(sum(slots), 0)::int as slots
            from worker
            where connected
        ) as worker
        cross join (
            select count(*) filter (where worker is null) as waiting, count(*) filter (where worker is not null) as assigned
            from execution_queue
        ) as queue
        """;

    public async Task<LiveCounts> CountAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<LiveCounts>(new CommandDefinition(Count, cancellationToken: ct));
    }
}
