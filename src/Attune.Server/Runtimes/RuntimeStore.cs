using Attune.Server.Hosting;
using Attune.V1;
using Dapper;
using Npgsql;

namespace Attune.Server.Runtimes;

sealed class RuntimeStore(NpgsqlDataSource db)
{
    const string Columns = """
        r.id, r.ref, r.pack_ref, r.name, r.description, r.aliases, r.distributions::text as distributions,
        r.execution_config::text as execution_config, r.created, r.updated,
        array(
            select rtrim(w.name || ' ' || coalesce(found ->> 'version', ''))
            from worker w, jsonb_array_elements(w.runtimes) found
            where w.connected and found ->> 'ref' = r.ref
            order by w.name) as available_on
        """;

    const string FindOne = $"""
        select {Columns}
        from runtime r
        where r.ref = @name or @name = any(r.aliases)
        order by r.ref <> @name, r.ref
        limit 1
        """;

    /// <param name="name">A ref or an alias; where packs share an alias, the first by ref has it.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<RuntimeRow?> FindAsync(string name, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<RuntimeRow>(new CommandDefinition(FindOne, new { name }, cancellationToken: ct));
    }

    const string ListPage = $"""
        select {Columns}
        from runtime r
        where r.ref > @after
          and (@packs::text[] is null or r.pack_ref = any(@packs))
        order by r.ref
        limit @limit
        """;

    /// <param name="page">By ref.</param>
    /// <param name="packs">Only of these; null for all.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<IReadOnlyList<RuntimeRow>> ListAsync(PageRequest<string> page, IReadOnlyList<string>? packs, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<RuntimeRow>(new CommandDefinition(
            ListPage, new { after = page.After, packs = packs?.ToArray(), limit = page.Limit }, cancellationToken: ct))).AsList();
    }

    const string AllDistributions = """
        select ref, distributions::text as distributions
        from runtime
        order by ref
        """;

    /// <summary>How an agent finds out which runtimes its host has.</summary>
    public async Task<IReadOnlyList<RuntimeProbe>> ListProbesAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<(string Ref, string Distributions)>(
            new CommandDefinition(AllDistributions, cancellationToken: ct));
        return [.. rows.Select(row => RuntimeJson.ToProbe(row.Ref, row.Distributions))];
    }
}
