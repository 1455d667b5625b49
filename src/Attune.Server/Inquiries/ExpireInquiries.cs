using Attune.Server.Executions;
using Dapper;
using Npgsql;

namespace Attune.Server.Inquiries;

/// <summary>Ends questions whose time is over, with their executions, many in one statement. Replicas share them by locking rows.</summary>
sealed class ExpireInquiries(NpgsqlDataSource db, ExecutionChanges changes)
{
    const int InquiriesPerRound = 500;

    // What somebody else holds is being answered or withdrawn at this moment.
    const string Expire = """
        with due as materialized (
            select i.id, i.execution, i.quorum,
                (select count(*) from inquiry_answer a where a.inquiry = i.id and a.counted) as answered
            from inquiry i
            join execution e on e.id = i.execution
            where i.status = 'pending'
              and i.timeout_at <= @now
            order by i.timeout_at, i.id
            limit @limit
            for no key update of e skip locked
            for no key update of i skip locked
        ),
        over as (
            update inquiry i
            set status = 'timeout', finished_at = @now
            from due
            where i.id = due.id
              and i.status = 'pending'
            returning i.id
        ),
        ended as (
            update execution e
            set status = 'timeout',
                finished_at = @now,
                error = jsonb_build_object(
                    'reason', 'TIMEOUT',
                    'message', case
                        when due.answered = 0 then 'Nobody answered in time.'
                        else due.answered || ' of ' || due.quorum || ' people answered in time.'
                    end)
            from due
            where e.id = due.execution
              and e.status = 'running'
        )
        select due.execution
        from due
        join over using (id)
        """;

    /// <summary>All that is due and not held by others.</summary>
    /// <returns>How many.</returns>
    public async Task<int> RunAsync(DateTimeOffset now, CancellationToken ct)
    {
        for (var total = 0; ;)
        {
            await using var connection = await db.OpenConnectionAsync(ct);
            var ended = (await connection.QueryAsync<long>(
                new CommandDefinition(Expire, new { now, limit = InquiriesPerRound }, cancellationToken: ct))).AsList();
            changes.Status.Publish(ended);
            total += ended.Count;
            if (ended.Count < InquiriesPerRound)
                return total;
        }
    }
}
