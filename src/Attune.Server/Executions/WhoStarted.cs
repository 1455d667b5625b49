using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Executions;

/// <summary>
/// Who is behind an execution: the executors of it and of those above it, and who emitted or replayed the event that started the topmost.
/// Where the process of another execution emitted that event, those behind that one too.
/// </summary>
sealed class WhoStarted(NpgsqlDataSource db)
{
    /// <summary>
    /// The recursive part of `above (id, parent, executor, enforcement, depth)`. What causes an execution is older than it, so it ends; the
    /// bound is for loops in which each run starts the next.
    /// </summary>
    public const string Above = """
        select x.id, x.parent, x.executor, x.enforcement, above.depth + 1
        from above
        left join enforcement n on n.id = above.enforcement
        left join event v on v.id = n.event and v.origin in ('api', 'replay') and v.source_ref ~ '^execution:[0-9]{1,18}$'
        join execution x on x.id = any(array[above.parent, substr(v.source_ref, 11)::bigint])
        where above.depth < 1000
        """;

    const string Chain = $"""
        with recursive above as (
            select x.id, x.parent, x.executor, x.enforcement, 0 as depth
            from execution x
            where x.id = @execution
            union
            {Above}
        )
        """;

    const string Person = $"""
        {Chain}
        select coalesce(above.executor, who.id)
        from above
        left join enforcement n on n.id = above.enforcement
        left join event v on v.id = n.event and v.origin in ('api', 'replay')
        left join identity who on lower(who.login) = lower(v.source_ref)
        where coalesce(above.executor, who.id) is not null
        order by above.depth, above.id desc
        limit 1
        """;

    /// <summary>The identity nearest to an execution; 0 where there is none, as behind a timer.</summary>
    public async Task<long> FindAsync(long execution, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<long>(new CommandDefinition(Person, new { execution }, cancellationToken: ct));
    }

    /// <summary>Ends a statement that has `above`: whether @Identity, whose login is @Login, is behind it.</summary>
    public const string IsAmong = """
        select
        from above
        left join enforcement n on n.id = above.enforcement
        left join event v on v.id = n.event
        where above.executor = @Identity
           or (v.origin in ('api', 'replay') and lower(v.source_ref) = lower(@Login))
        """;

    const string IsBehind = $"""
        {Chain}
        select exists ({IsAmong})
        """;

    public async Task<bool> IsBehindAsync(long execution, Caller caller, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<bool>(new CommandDefinition(
            IsBehind, new { execution, Identity = caller.IdentityId, caller.Login }, cancellationToken: ct));
    }
}
