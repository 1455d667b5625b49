using System.Text;
using Dapper;
using Npgsql;

namespace Attune.Server.Keys;

/// <summary>A secret of a pack, encrypted; `system` owns what belongs to no pack.</summary>
sealed record NewKey
{
    public required string Ref { get; init; }
    public required string Name { get; init; }
    public required long? PackId { get; init; }
    public required string? PackRef { get; init; }
    public required string Secret { get; init; }
}

/// <summary>Who a key belongs to.</summary>
sealed record KeyOwner
{
    public long? OwnerPack { get; init; }
    public required string OwnerType { get; init; }
}

/// <summary>Table `key`: values under the master key, each tied to its ref so that it opens nowhere else.</summary>
sealed class KeyStore(SecretBox box)
{
    const string Upsert = """
        insert into key as present (ref, owner_type, owner_pack, owner_pack_ref, name, encrypted, encryption_key_hash, value)
        values (@Ref, @ownerType::attune.owner_type_enum, @PackId, @PackRef, @Name, true, @hash, @value)
        on conflict (ref) do update
        set encrypted = true, encryption_key_hash = excluded.encryption_key_hash, value = excluded.value
        where present.owner_type = excluded.owner_type
          and present.owner_pack is not distinct from excluded.owner_pack
        """;

    /// <returns>False when a key of that ref belongs to somebody else; nothing is written then.</returns>
    public async Task<bool> SetAsync(NpgsqlConnection connection, NewKey key, CancellationToken ct)
        => await connection.ExecuteAsync(new CommandDefinition(
            Upsert,
            new
            {
                key.Ref,
                key.Name,
                key.PackId,
                key.PackRef,
                ownerType = key.PackId is null ? "system" : "pack",
                hash = box.ActiveKeyHash,
                value = box.Protect(key.Secret, PlaceOf(key.Ref)),
            },
            cancellationToken: ct)) == 1;

    const string SelectOwner = """
        select owner_type::text as owner_type, owner_pack
        from key
        where ref = @reference
        """;

    public static async Task<KeyOwner?> FindOwnerAsync(NpgsqlConnection connection, string reference, CancellationToken ct)
        => await connection.QuerySingleOrDefaultAsync<KeyOwner>(new CommandDefinition(SelectOwner, new { reference }, cancellationToken: ct));

    /// <exception cref="SecretBoxException">The value is not the one that was stored under this ref, or its master key is not at hand.</exception>
    public static byte[] Open(SecretBox box, string reference, string value) => box.Unprotect(value, Encoding.UTF8.GetBytes(PlaceOf(reference)));

    static string PlaceOf(string reference) => $"key:{reference}";
}
