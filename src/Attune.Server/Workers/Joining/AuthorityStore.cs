using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Attune.Server.Keys;
using Dapper;
using Npgsql;

namespace Attune.Server.Workers.Joining;

sealed class AuthorityStore(NpgsqlDataSource db, SecretBox box, TimeProvider clock)
{
    // "attune" as a number, and which of its locks.
    const long CreationLock = 0x617474756e65_02;

    /// <summary>The issuing CA first. Creates it when there is none; replicas that start together agree on one.</summary>
    /// <exception cref="SecretBoxException">The master key file is another one than that of the replica which made the CA.</exception>
    public async Task<IReadOnlyList<Authority>> LoadOrCreateAsync(CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        var rows = await ReadAsync(connection, ct);
        if (!rows.Any(row => row.Active))
        {
            await CreateOnceAsync(connection, ct);
            rows = await ReadAsync(connection, ct);
        }

        return [.. rows.Select(Open)];
    }

    const string Select = """
        select certificate_pem, private_key, fingerprint, active
        from certificate_authority
        order by active desc, id desc
        """;

    static async Task<List<Row>> ReadAsync(NpgsqlConnection connection, CancellationToken ct)
        => (await connection.QueryAsync<Row>(new CommandDefinition(Select, cancellationToken: ct))).AsList();

    const string Lock = "select pg_advisory_xact_lock(@lockId)";

    const string InsertFirst = """
        insert into certificate_authority (certificate_pem, private_key, fingerprint, active)
        select @certificatePem, @privateKey, @fingerprint, true
        where not exists (select from certificate_authority where active)
        """;

    async Task CreateOnceAsync(NpgsqlConnection connection, CancellationToken ct)
    {
        var authority = Authority.New(clock.GetUtcNow());
        var fingerprint = Convert.ToHexStringLower(SHA256.HashData(authority.Certificate.RawData));
        var row = new
        {
            certificatePem = authority.Certificate.ExportCertificatePem(),
            privateKey = box.Protect(authority.Key.ExportPkcs8PrivateKey(), Purpose(fingerprint)),
            fingerprint,
        };
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(Lock, new { lockId = CreationLock }, transaction, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(InsertFirst, row, transaction, cancellationToken: ct));
        await transaction.CommitAsync(ct);
    }

    Authority Open(Row row)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(box.Unprotect(row.PrivateKey, Purpose(row.Fingerprint)), out _);
        return new(X509Certificate2.CreateFromPem(row.CertificatePem), key);
    }

    static byte[] Purpose(string fingerprint) => Encoding.UTF8.GetBytes($"certificate_authority:{fingerprint}");

    sealed record Row
    {
        public required string CertificatePem { get; init; }
        public required string PrivateKey { get; init; }
        public required string Fingerprint { get; init; }
        public required bool Active { get; init; }
    }
}
