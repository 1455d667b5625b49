using Dapper;
using Npgsql;

namespace Attune.Server.Feed;

/// <summary>The positions between which everything is kept; both 0 where nothing ever was.</summary>
public readonly record struct FeedBounds(long First, long Last);

sealed class FeedStore(NpgsqlDataSource db)
{
    public const int RowsPerPage = 100;

    // Rows of one round are told by the moments of their commits, so a round should hold all that waits: 20,000 statements take about
    // 0.2 s, in which nobody waits for the lock but other readers.
    const int RowsPerRound = 20_000;
    const int RowsPerDeletion = 10_000;

    // Held until the positions are visible, so the next holder's statement begins with a snapshot that has them.
    const string Lock = "select pg_advisory_xact_lock(hashtextextended('attune.feed', 0))";

    // No moment is kept of what was committed before the database began to keep them, so such rows come first. A subtransaction has
    // the moment of its transaction, so what was committed together stays together.
    // By id where no moments are kept, and where they cannot be right: by a steady clock a row is begun, given its id and committed
    // in this order, so a commit before the begin of a row with a lower id means that the clock was set back. By id too an effect never
    // comes before its cause: an id is drawn by the write, and what the writer saw had been committed by then.
    // Counted on from the highest and not by a sequence, which would leave gaps: that there are none is how a reader knows that it
    // has missed nothing. `position is null` twice lets the planner take the small index on both sides.
    static readonly string Give = $"""
        with waiting as (
            select id, created, case when current_setting('track_commit_timestamp') = 'on' then pg_xact_commit_timestamp(xmin) end as committed
            from notification
            where position is null
            order by id
            limit {RowsPerRound}
        ),
        compared as (
            select id, committed, max(created) over (order by id) <= committed as agrees
            from waiting
        ),
        judged as (
            select id, committed, coalesce(bool_and(agrees) over (), true) as is_steady
            from compared
        ),
        numbered as (
            select id, row_number() over (order by case when is_steady then committed end nulls first, id) as number
            from judged
        )
        update notification n
        set position = (select coalesce(max(position), 0) from notification) + numbered.number, updated = now()
        from numbered
        where n.id = numbered.id
          and n.position is null
        """;

    const string KeepsCommitTimes = "select current_setting('track_commit_timestamp') = 'on'";

    /// <summary>Whether the database keeps the moments of commits, by which rows of one round are told.</summary>
    public async Task<bool> KeepsCommitTimesAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<bool>(new CommandDefinition(KeepsCommitTimes, cancellationToken: ct));
    }

    /// <summary>Gives positions to all rows whose transactions are visible, in one short transaction for each 20,000.</summary>
    /// <returns>How many got one.</returns>
    public async Task<int> GivePositionsAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        for (var given = 0; ;)
        {
            await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new(Lock), new(Give) } };
            var now = Math.Max(await batch.ExecuteNonQueryAsync(ct), 0);
            given += now;
            if (now < RowsPerRound)
                return given;
        }
    }

    const string Bounds = """
        select coalesce(min(position), 0) as first, coalesce(max(position), 0) as last
        from notification
        where position is not null
        """;

    public async Task<FeedBounds> ReadBoundsAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var (first, last) = await connection.QuerySingleAsync<(long, long)>(new CommandDefinition(Bounds, cancellationToken: ct));
        return new(first, last);
    }

    const string After = """
        select position, entity_type, activity, content ->> 'status' as status, created,
            case when channel = 'feed' then array(select jsonb_array_elements_text(content -> 'ids')::bigint) else '{}' end as ids,
            case when channel = 'feed' then array(select jsonb_array_elements_text(content -> 'refs')) else '{}' end as refs
        from notification
        where position > @position
        order by position
        limit @limit
        """;

    /// <summary>The next <see cref="RowsPerPage"/> rows. They have no gaps, also not before the first: what is missing there is no longer kept.</summary>
    public async Task<IReadOnlyList<FeedRow>> ReadAfterAsync(long position, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<FeedRow>(
            new CommandDefinition(After, new { position, limit = RowsPerPage }, cancellationToken: ct));
        return rows.AsList();
    }

    const string TryCleanupLock = "select pg_try_advisory_xact_lock(hashtextextended('attune.feed.cleanup', 0))";

    // The oldest are looked at, and nothing else: what is to be deleted is found without an index on times. Only what has nothing younger
    // before it goes, so that no gap is left: times are those at which transactions began. The newest stays
    // whatever its age, because positions are counted on from it.
    static readonly string Delete = $"""
        with oldest as (
            select position, bool_and(created < @before) over (order by position) as is_old
            from (
                select position, created
                from notification
                where position is not null
                order by position
                limit {RowsPerDeletion}
            ) first
        )
        delete from notification n
        using oldest
        where n.position = oldest.position
          and oldest.is_old
          and n.position < (select max(position) from notification)
        """;

    /// <summary>Deletes at most 10,000 rows; 0 also where another replica is at it.</summary>
    public async Task<int> DeleteOldAsync(DateTimeOffset before, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        if (!await connection.QuerySingleAsync<bool>(new CommandDefinition(TryCleanupLock, transaction: transaction, cancellationToken: ct)))
            return 0;

        var deleted = await connection.ExecuteAsync(
            new CommandDefinition(Delete, new { before }, transaction, cancellationToken: ct));
        await transaction.CommitAsync(ct);
        return deleted;
    }
}
