using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Packs;

/// <summary>Reads packs. What an installation writes is in <see cref="PackWriter"/> and <see cref="PartWriter"/>.</summary>
sealed class PackStore(NpgsqlDataSource db)
{
    const string Select = """
        select p.id, p.ref, p.label, p.description, p.version, p.tags, p.runtime_deps, p.config::text as config,
            p.conf_schema::text as conf_schema, p.meta::text as meta, p.is_standard, p.release_digest, p.installation_method,
            p.installed_at, i.login as installed_by_login, p.created, p.updated
        from pack p
        left join identity i on i.id = p.installed_by
        """;

    const string FindOne = $"""
        {Select}
        where p.ref = @reference
        """;

    public async Task<PackRow?> FindAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await FindAsync(connection, reference, ct);
    }

    /// <summary>Inside a transaction of the caller's.</summary>
    public static Task<PackRow?> FindAsync(NpgsqlConnection connection, string reference, CancellationToken ct)
        => connection.QuerySingleOrDefaultAsync<PackRow>(new CommandDefinition(FindOne, new { reference }, cancellationToken: ct));

    const string ListPage = $"""
        {Select}
        where p.ref > @after
          and (@packs::text[] is null or p.ref = any(@packs))
          and (@tag = '' or p.tags @> array[@tag])
        order by p.ref
        limit @limit
        """;

    /// <param name="page">By ref.</param>
    /// <param name="packs">Only these, by permission; null for all.</param>
    /// <param name="tag">Only with it; empty for any.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<IReadOnlyList<PackRow>> ListAsync(
        PageRequest<string> page, IReadOnlyList<string>? packs, string tag, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<PackRow>(new CommandDefinition(
            ListPage, new { after = page.After, packs = packs?.ToArray(), tag, limit = page.Limit }, cancellationToken: ct))).AsList();
    }

    // The answer has no pages, so it is cut where nobody reads on.
    const string Releases = """
        select r.pack_ref, r.version, r.digest::text as digest, r.size_bytes,
            coalesce(p.release_digest = r.digest::text, false) as current, r.created
        from pack_release r
        left join pack p on p.id = r.pack
        where r.pack_ref = @reference
        order by r.id desc
        limit 1000
        """;

    /// <summary>Newest first; also those of a pack that was removed.</summary>
    public async Task<IReadOnlyList<ReleaseRow>> ListReleasesAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<ReleaseRow>(new CommandDefinition(Releases, new { reference }, cancellationToken: ct))).AsList();
    }

    const string Environments = """
        select pack_ref, runtime_ref, worker_name, env_path, status::text as status, installed_at, last_verified, install_log, install_error
        from pack_environment
        where pack_ref = @reference
        order by worker_name, runtime_ref
        limit 10000
        """;

    public async Task<IReadOnlyList<EnvironmentRow>> ListEnvironmentsAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<EnvironmentRow>(new CommandDefinition(
            Environments, new { reference }, cancellationToken: ct))).AsList();
    }
}
