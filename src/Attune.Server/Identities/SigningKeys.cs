using System.Collections.Concurrent;
using System.Security.Cryptography;
using Attune.Server.Keys;
using Dapper;
using Microsoft.IdentityModel.Tokens;
using Npgsql;

namespace Attune.Server.Identities;

/// <summary>
/// The keys that sign access tokens, shared by all replicas through the database. The first replica makes the first key;
/// the newest active one signs, every stored one still verifies.
/// </summary>
sealed class SigningKeys(NpgsqlDataSource db, SecretBox box, TimeProvider clock)
{
    public const string Algorithm = SecurityAlgorithms.HmacSha256;

    // "attune" as a number, and which of its locks.
    const long CreationLock = 0x617474756e65_01;
    const int SecretSize = 64;

    static readonly TimeSpan ReloadInterval = TimeSpan.FromSeconds(5);

    readonly ConcurrentDictionary<string, SymmetricSecurityKey> byId = new();
    SigningCredentials? current;
    long reloadedAt;

    /// <summary>Signs; there once <see cref="LoadAsync"/> ran, which the server does before it listens.</summary>
    public SigningCredentials Current
        => current ?? throw new InvalidOperationException("The signing keys are not loaded yet.");

    /// <exception cref="SecretBoxException">The master key file is another one than that of the replica which made the key.</exception>
    public async Task LoadAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var keys = await ReadAsync(connection, ct);
        if (!keys.Any(key => key.Active))
        {
            await CreateOnceAsync(connection, ct);
            keys = await ReadAsync(connection, ct);
        }

        foreach (var key in keys)
            byId[key.KeyId] = new(box.Unprotect(key.Secret, Purpose(key.KeyId))) { KeyId = key.KeyId };
        current = new(byId[keys.First(key => key.Active).KeyId], Algorithm);
        Volatile.Write(ref reloadedAt, clock.GetTimestamp());
    }

    /// <summary>A key that another replica has made since is found too; made-up ids cost at most one look-up per 5 s.</summary>
    public async Task<SecurityKey?> FindAsync(string keyId, CancellationToken ct)
    {
        if (byId.TryGetValue(keyId, out var key))
            return key;
        if (clock.GetElapsedTime(Volatile.Read(ref reloadedAt)) < ReloadInterval)
            return null;

        await LoadAsync(ct);
        return byId.GetValueOrDefault(keyId);
    }

    const string Select = """
        select key_id, secret, active
        from signing_key
        order by active desc, id desc
        """;

    static async Task<List<StoredKey>> ReadAsync(NpgsqlConnection connection, CancellationToken ct)
        => (await connection.QueryAsync<StoredKey>(new CommandDefinition(Select, cancellationToken: ct))).AsList();

    const string Lock = "select pg_advisory_xact_lock(@lockId)";

    const string InsertFirst = """
        insert into signing_key (key_id, algorithm, secret, active)
        select @keyId, @algorithm, @secret, true
        where not exists (select from signing_key where active)
        """;

    async Task CreateOnceAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var keyId = Guid.CreateVersion7(clock.GetUtcNow()).ToString("n");
        var secret = box.Protect(RandomNumberGenerator.GetBytes(SecretSize), Purpose(keyId));
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(Lock, new { lockId = CreationLock }, transaction, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(
            InsertFirst, new { keyId, algorithm = Algorithm, secret }, transaction, cancellationToken: ct));
        await transaction.CommitAsync(ct);
    }

    static byte[] Purpose(string keyId) => System.Text.Encoding.UTF8.GetBytes($"signing_key:{keyId}");

    sealed record StoredKey
    {
        public required string KeyId { get; init; }
        public required string Secret { get; init; }
        public required bool Active { get; init; }
    }
}
