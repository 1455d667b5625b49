using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Packs.Files;
using Dapper;
using Npgsql;

namespace Attune.Server.Packs;

/// <summary>Writes the rows of packs and releases, inside a transaction of the caller's.</summary>
static class PackWriter
{
    // One at a time over all replicas: an installation refers to other packs' parts, and a removal takes them away.
    const string Lock = "select pg_advisory_xact_lock(hashtextextended('attune.packs', 0))";

    public static Task LockAsync(NpgsqlConnection connection, CancellationToken ct)
        => connection.ExecuteAsync(new CommandDefinition(Lock, cancellationToken: ct));

    const string UpsertPack = """
        insert into pack (ref, label, description, version, conf_schema, config, meta, tags, runtime_deps, is_standard, source_type,
            source_url, checksum, checksum_verified, installed_at, installed_by, installation_method, release_digest)
        values (@Ref, @Label, @Description, @Version, @confSchema::jsonb, @config::jsonb, @meta::jsonb, @tags, @runtimeDeps, @isStandard,
            'archive', @source, @digest, true, @now, @installedBy, @method, @digest)
        on conflict (ref) do update
        set label = excluded.label, description = excluded.description, version = excluded.version, conf_schema = excluded.conf_schema,
            config = excluded.config, meta = excluded.meta, tags = excluded.tags, runtime_deps = excluded.runtime_deps,
            is_standard = excluded.is_standard, source_type = excluded.source_type, source_url = excluded.source_url,
            checksum = excluded.checksum, checksum_verified = excluded.checksum_verified, installed_at = excluded.installed_at,
            installed_by = excluded.installed_by, installation_method = excluded.installation_method,
            release_digest = excluded.release_digest
        returning id
        """;

    public static Task<long> UpsertAsync(
        NpgsqlConnection connection, PackManifest manifest, string config, string digest, InstallCommand command, DateTimeOffset now,
        CancellationToken ct)
        => connection.QuerySingleAsync<long>(new CommandDefinition(
            UpsertPack,
            new
            {
                manifest.Ref,
                manifest.Label,
                manifest.Description,
                manifest.Version,
                confSchema = manifest.ConfSchema.Json,
                config,
                meta = MetaOf(manifest),
                tags = manifest.Tags.ToArray(),
                runtimeDeps = manifest.RuntimeDeps.ToArray(),
                isStandard = command.IsStandard,
                source = command.Source,
                digest,
                now,
                installedBy = command.InstalledBy?.IdentityId is > 0 and var identity ? identity : (long?)null,
                method = command.IsStandard ? "auto" : "api",
            },
            cancellationToken: ct));

    // The same content may have been here before: an older release comes back, or a pack that was removed.
    const string UpsertRelease = """
        insert into pack_release (pack, pack_ref, version, digest, size_bytes, archive)
        values (@pack, @reference, @version, @digest, @size, @archive)
        on conflict (digest) do update
        set pack = excluded.pack
        """;

    public static Task StoreReleaseAsync(
        NpgsqlConnection connection, long pack, PackManifest manifest, string digest, byte[] archive, CancellationToken ct)
        => connection.ExecuteAsync(new CommandDefinition(
            UpsertRelease,
            new { pack, reference = manifest.Ref, version = manifest.Version, digest, size = (long)archive.Length, archive },
            cancellationToken: ct));

    const string DeletePack = """
        delete from pack
        where id = @pack
        """;

    public static Task DeleteAsync(NpgsqlConnection connection, long pack, CancellationToken ct)
        => connection.ExecuteAsync(new CommandDefinition(DeletePack, new { pack }, cancellationToken: ct));

    // What pack.yaml says and the table has no column for.
    static string MetaOf(PackManifest manifest)
    {
        var meta = JsonNode.Parse(manifest.Meta)!.AsObject();
        if (manifest.Author is not null)
            meta["author"] = manifest.Author;
        if (manifest.Email is not null)
            meta["email"] = manifest.Email;
        if (manifest.Dependencies.Count > 0)
            meta["dependencies"] = JsonSerializer.SerializeToNode(manifest.Dependencies);
        if (manifest.Testing is not null)
            meta["testing"] = JsonNode.Parse(manifest.Testing);
        return meta.ToJsonString();
    }
}
