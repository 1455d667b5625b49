using Attune.Server.Hosting;
using Dapper;
using Npgsql;

namespace Attune.Server.Packs;

/// <summary>Removes a pack and everything inside it. Its releases stay, because what runs or ran still names them.</summary>
sealed partial class RemovePack(NpgsqlDataSource db, ReleaseStore releases, PartCatalogs catalogs, ILogger<RemovePack> logger)
{
    const string Parts = """
        select 'permission_set ' || ref from permission_set where pack = @pack
        union all
        select 'runtime ' || ref from runtime where pack = @pack
        union all
        select 'trigger ' || ref from trigger where pack = @pack
        union all
        select 'action ' || ref from action where pack = @pack
        union all
        select 'rule ' || ref from rule where pack = @pack
        union all
        select 'sensor ' || ref from sensor where pack = @pack
        order by 1
        """;

    /// <returns>`action ops.disk_usage` of each part that is gone.</returns>
    public async Task<Result<IReadOnlyList<string>>> RunAsync(string reference, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await PackWriter.LockAsync(connection, ct);
        if (await PackStore.FindAsync(connection, reference, ct) is not { } pack)
            return PackFailures.NotFound(reference);
        if (pack.IsStandard)
            return PackFailures.IsStandard(reference);
        if (await PackSurroundings.ListDependentsAsync(connection, pack.Id, reference, ct) is { Count: > 0 } dependents)
        {
            return new Failure(
                FailureKind.Refused, "PACK_IS_NEEDED", $"These packs need '{reference}': {string.Join(", ", dependents)}. Remove them first.");
        }

        var removed = (await connection.QueryAsync<string>(new CommandDefinition(Parts, new { pack = pack.Id }, cancellationToken: ct))).AsList();
        if (pack.ReleaseDigest is { } digest && await releases.ReadContentAsync(digest, ct) is { } content)
            removed.AddRange(await PartRemover.DeletePoliciesAsync(connection, content.Policies.Select(policy => policy.Ref), ct));
        await PackWriter.DeleteAsync(connection, pack.Id, ct);
        await transaction.CommitAsync(ct);

        catalogs.Forget();
        LogRemoved(reference, removed.Count);
        return removed;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed pack {Pack} with {Parts} parts; its history stays readable")]
    partial void LogRemoved(string pack, int parts);
}
