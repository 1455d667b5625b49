using Attune.Packs;
using Attune.Packs.Archives;
using Attune.Server.Hosting;
using Npgsql;

namespace Attune.Server.Packs;

sealed record InstallCommand
{
    public required PackFiles Files { get; init; }

    /// <summary>Where it came from, for the record.</summary>
    public required string Source { get; init; }

    /// <summary>Null for the server itself, which may do everything.</summary>
    public required Caller? InstalledBy { get; init; }

    /// <summary>Whether it is the built-in pack.</summary>
    public bool IsStandard { get; init; }
}

/// <param name="Pack">As it is now.</param>
/// <param name="Changed">False: this very release was the current one already.</param>
/// <param name="RemovedParts">`action ops.disk_usage` of each part that vanished with this release.</param>
/// <param name="Parts">The same of each part that it has.</param>
sealed record InstalledPack(PackRow Pack, bool Changed, IReadOnlyList<string> RemovedParts, IReadOnlyList<string> Parts);

/// <summary>Checks a pack whole, stores its release and loads its parts, in one transaction.</summary>
sealed partial class InstallPack(
    NpgsqlDataSource db, ReleaseStore releases, PackGrants grants, PartCatalogs catalogs, TimeProvider clock,
    ILogger<InstallPack> logger)
{
    const string CorePack = "core";

    public async Task<Result<InstalledPack>> RunAsync(InstallCommand command, CancellationToken ct)
    {
        var reading = PackReader.Read(command.Files);
        if (reading.Manifest is { } manifest && RefuseCaller(command, manifest.Ref) is { } refusal)
            return refusal;
        if (reading.Content is not { } content)
            return PackFailures.Invalid(reading.Problems);
        if (command.InstalledBy is { } caller && await grants.RefuseAsync(caller, content.Manifest.Ref, content, ct) is { } exceeding)
            return exceeding;

        var archive = PackArchive.Write(command.Files);
        var digest = PackArchive.DigestOf(archive);

        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await PackWriter.LockAsync(connection, ct);
        var before = await PackStore.FindAsync(connection, content.Manifest.Ref, ct);
        if (before?.ReleaseDigest == digest)
            return new InstalledPack(before, Changed: false, [], [.. content.PartNames]);

        if (await PackSurroundings.CheckDependenciesAsync(connection, content.Manifest, ct) is { Count: > 0 } lacking)
            return PackFailures.DependencyMissing(lacking);
        if (await PackSurroundings.CheckReferencesAsync(connection, content, ct) is { Count: > 0 } astray)
            return PackFailures.Invalid(astray);

        var replaced = before?.ReleaseDigest is { } older ? await releases.ReadContentAsync(older, ct) : null;
        var config = PackConfig.Upgrade(before?.Config, replaced?.Manifest.Config, content.Manifest.Config);
        var id = await PackWriter.UpsertAsync(connection, content.Manifest, config, digest, command, clock.GetUtcNow(), ct);
        await PackWriter.StoreReleaseAsync(connection, id, content.Manifest, digest, archive, ct);
        await PartWriter.UpsertAsync(connection, id, replaced, content, digest, ct);
        var removed = await PartRemover.RemoveVanishedAsync(connection, id, replaced, content, ct);
        var after = await PackStore.FindAsync(connection, content.Manifest.Ref, ct);
        await transaction.CommitAsync(ct);

        // Other replicas hear of it by NOTIFY; who installed it here may run it at once.
        catalogs.Forget();
        var installed = new InstalledPack(after!, Changed: true, removed, [.. content.PartNames]);
        LogInstalled(after!.Ref, after.Version, digest, installed.Parts.Count, removed.Count);
        return installed;
    }

    static Failure? RefuseCaller(InstallCommand command, string pack)
    {
        if (command.InstalledBy is not { } caller)
            return null;
        if (pack is CorePack)
            return PackFailures.IsStandard(pack);
        return caller.May("packs", "install", pack) ? null : Caller.Denied("packs", "install", $"in pack '{pack}'");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Installed pack {Pack} {Version} as release {Digest}: {Parts} parts, {Removed} gone")]
    partial void LogInstalled(string pack, string version, string digest, int parts, int removed);
}
