using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Actions;

sealed class ActionStore(NpgsqlDataSource db)
{
    const string Select = """
        select a.id, a.ref, a.pack_ref, p.version as pack_version, a.label, a.description, a.enabled, a.is_adhoc, a.is_workflow,
            coalesce(r.ref, a.runtime_ref) as runtime_ref, a.runtime_version, r.execution_config::text as execution_config, a.entrypoint,
            a.param_schema::text as param_schema, a.out_schema::text as out_schema, a.parameter_delivery, a.parameter_format,
            a.output_format, a.timeout_seconds, a.retry::text as retry, a.delivery, a.worker_labels::text as worker_labels,
            a.permission_sets, a.tags, coalesce(a.release_digest, p.release_digest, '') as release_digest, a.created, a.updated
        from action a
        join pack p on p.id = a.pack
        left join runtime r on r.id = a.runtime
        """;

    const string FindOne = $"""
        {Select}
        where a.ref = @reference
        """;

    public async Task<ActionRow?> FindAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<ActionRow>(new CommandDefinition(FindOne, new { reference }, cancellationToken: ct));
    }

    const string FindMany = $"""
        {Select}
        where a.ref = any(@references)
        """;

    /// <param name="connection">May be in a transaction.</param>
    /// <param name="references">Those that are not there are not answered.</param>
    /// <param name="ct">Ends the wait.</param>
    public static Task<IEnumerable<ActionRow>> FindManyAsync(NpgsqlConnection connection, string[] references, CancellationToken ct)
        => connection.QueryAsync<ActionRow>(new CommandDefinition(FindMany, new { references }, cancellationToken: ct));

    const string ListPage = $"""
        {Select}
        where a.ref > @after
          and (@packs::text[] is null or a.pack_ref = any(@packs))
          and (@pack = '' or a.pack_ref = @pack)
          and (@tag = '' or a.tags @> array[@tag])
        order by a.ref
        limit @limit
        """;

    /// <param name="page">By ref.</param>
    /// <param name="packs">Only of these, by permission; null for all.</param>
    /// <param name="pack">Only of this one; empty for any.</param>
    /// <param name="tag">Only with it; empty for any.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<IReadOnlyList<ActionRow>> ListAsync(
        PageRequest<string> page, IReadOnlyList<string>? packs, string pack, string tag, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<ActionRow>(new CommandDefinition(
            ListPage, new { after = page.After, packs = packs?.ToArray(), pack, tag, limit = page.Limit }, cancellationToken: ct))).AsList();
    }

    const string AllRefs = """
        select ref
        from action
        order by ref
        limit 10000
        """;

    public async Task<IReadOnlyList<string>> ListRefsAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<string>(new CommandDefinition(AllRefs, cancellationToken: ct))).AsList();
    }

    const string RuntimeConfig = """
        select execution_config::text
        from runtime
        where ref = @reference
        """;

    public async Task<string?> FindRuntimeConfigAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<string>(new CommandDefinition(RuntimeConfig, new { reference }, cancellationToken: ct));
    }

    // xmin changes with every insert and update of a row, whatever its times say, so no commit order can hide one.
    const string Signature = """
        select concat_ws(' ',
            (select count(*) || ':' || sum(xmin::text::bigint) from action),
            (select count(*) || ':' || sum(xmin::text::bigint) from runtime),
            (select count(*) || ':' || sum(xmin::text::bigint) from pack))
        """;

    /// <summary>A text that differs after any change of what the catalogue holds.</summary>
    public async Task<string> ReadSignatureAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleAsync<string>(new CommandDefinition(Signature, cancellationToken: ct));
    }
}
