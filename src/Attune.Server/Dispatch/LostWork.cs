using Attune.Server.Executions;
using Dapper;
using Npgsql;

namespace Attune.Server.Dispatch;

/// <summary>
/// Decides the work of agents whose lease ran out, by each action's delivery contract, and looks after what this replica's agents
/// should hold but do not. Every replica runs it; each row is decided by whoever locks it.
/// </summary>
sealed partial class LostWork(
    NpgsqlDataSource db, Dispatcher dispatcher, UndeliveredWork undelivered, Attendance attendance, ExecutionChanges changes,
    TimeProvider clock, ILogger<LostWork> logger) : BackgroundService
{
    static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(2);

    // An action that takes its agent down with it must not go round for ever.
    public const int LossesMax = 10;

    const string EndLeases = """
        update worker
        set status = 'inactive', connected = false
        where id in (
            select id
            from worker
            where status <> 'inactive'
              and lease_expires_at < @now
            order by id
            for update skip locked)
        returning name
        """;

    const string DecideLost = """
        with lost as (
            select q.execution, q.attempt, q.at_least_once, q.lost_count, w.name, w.last_heartbeat,
                q.cancel_requested_at is not null as cancelled
            from execution_queue q
            join worker w on w.id = q.worker
            where w.status = 'inactive'
              and (w.lease_expires_at is null or w.lease_expires_at < @now)
            order by q.execution
            limit 1000
            for update of q skip locked
        ),
        decided as (
            select *,
                case
                    when cancelled then 'cancelled'
                    when at_least_once and lost_count < @lossesMax then 'requested'
                    else 'abandoned'
                end as outcome,
                jsonb_build_object('reason', 'WORKER_LOST', 'message',
                    'Agent ' || name || ' went silent while it held this attempt'
                    || case
                           when at_least_once and lost_count >= @lossesMax then '; it was lost ' || (lost_count + 1) || ' times and is given up.'
                           when at_least_once then '.'
                           else '; its delivery contract is at_most_once, so it is not run again.'
                       end) as reason
            from lost
        ),
        kept as (
            insert into execution_attempt (execution, attempt, status, worker_name, error, started_at, finished_at)
            select d.execution, d.attempt, 'abandoned', d.name, d.reason, e.started_at, @now
            from decided d
            join execution e on e.id = d.execution
            where d.outcome = 'requested'
            on conflict (execution, attempt) do nothing
        ),
        requeued as (
            update execution_queue q
            set worker = null, run_after = @now, lost_count = q.lost_count + 1
            from decided d
            where d.execution = q.execution
              and d.outcome = 'requested'
        ),
        gone as (
            delete from execution_queue q
            using decided d
            where d.execution = q.execution
              and d.outcome <> 'requested'
        )
        update execution e
        set status = d.outcome::attune.execution_status_enum, error = d.reason,
            finished_at = case when d.outcome = 'requested' then null else @now end,
            started_at = case when d.outcome = 'requested' then null else e.started_at end,
            max_attempts = e.max_attempts + case when d.outcome = 'requested' then 1 else 0 end
        from decided d
        where e.id = d.execution
          and e.attempt = d.attempt
        returning e.id
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(SweepInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (await attendance.IsFullAsync(stoppingToken))
                    await SweepAsync(stoppingToken);
                await undelivered.SweepAsync(stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                LogSkipped(exception);
            }
        }
    }

    /// <summary>Returns how many executions were decided.</summary>
    internal async Task<int> SweepAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var parameters = new { now = clock.GetUtcNow(), lossesMax = LossesMax };
        foreach (var name in await connection.QueryAsync<string>(new CommandDefinition(EndLeases, parameters, cancellationToken: ct)))
            LogLeaseEnded(name);

        var total = 0;
        while (true)
        {
            var decided = (await connection.QueryAsync<long>(
                new CommandDefinition(DecideLost, parameters, cancellationToken: ct))).AsList();
            if (decided.Count == 0)
                return total;

            total += decided.Count;
            LogDecided(decided.Count);
            changes.Status.Publish(decided);
            dispatcher.Wake();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The lease of agent {Agent} ran out; its work is decided by the delivery contracts")]
    partial void LogLeaseEnded(string agent);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Decided {Count} executions of lost agents")]
    partial void LogDecided(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Looking for lost work failed; the next sweep catches up")]
    partial void LogSkipped(Exception exception);
}
