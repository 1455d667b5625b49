using System.Text.Json;
using Dapper;
using Npgsql;

namespace Attune.Server.Workers.Joining;

sealed record UsedJoinToken
{
    public required long Id { get; init; }
    public required string Role { get; init; }
    public required string Labels { get; init; }
}

/// <summary>The worker rows as joining sees them: who holds a name, and with which certificate.</summary>
sealed class JoiningStore(NpgsqlDataSource db)
{
    const string FingerprintOf = "select certificate_fingerprint from worker where name = @workerName";

    /// <summary>Null for an unknown worker and for one that never enrolled.</summary>
    public async Task<string?> FindFingerprintAsync(string workerName, CancellationToken ct)
    {
        await using var connection = await db.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<string?>(
            new CommandDefinition(FingerprintOf, new { workerName }, cancellationToken: ct));
    }

    // The first use of a renewed certificate retires the one it follows.
    const string Succeed = """
        update worker
        set certificate_fingerprint = @Fingerprint, certificate_expires_at = @ExpiresAt
        where name = @WorkerName and certificate_fingerprint = @Renews
        """;

    /// <summary>Whether the certificate is the worker's present one, or becomes it now.</summary>
    public async Task<bool> AcceptsAsync(AgentCertificate certificate, CancellationToken ct)
    {
        if (await FindFingerprintAsync(certificate.WorkerName, ct) == certificate.Fingerprint)
            return true;
        if (certificate.Renews is null)
            return false;

        await using var connection = await db.OpenConnectionAsync(ct);
        var succeeded = await connection.ExecuteAsync(new CommandDefinition(
            Succeed,
            new { certificate.Fingerprint, certificate.ExpiresAt, certificate.WorkerName, certificate.Renews },
            cancellationToken: ct));

        // Two first calls at once: the slower one finds the work done.
        return succeeded == 1 || await FindFingerprintAsync(certificate.WorkerName, ct) == certificate.Fingerprint;
    }

    const string UseToken = """
        update join_token
        set used_at = @now, worker_name = @workerName
        where token_hash = @hash
            and used_at is null
            and revoked_at is null
            and expires_at > @now
        returning id, role::text as role, labels::text as labels
        """;

    public static async Task<UsedJoinToken?> UseTokenAsync(
        NpgsqlTransaction transaction, byte[] hash, string workerName, DateTimeOffset now, CancellationToken ct)
        => await transaction.Connection!.QuerySingleOrDefaultAsync<UsedJoinToken>(
            new CommandDefinition(UseToken, new { hash, workerName, now }, transaction, cancellationToken: ct));

    const string TakeName = """
        insert into worker (name, worker_type, worker_role, status, labels, certificate_fingerprint, certificate_expires_at)
        values (@workerName, 'remote', @role::attune.worker_role_enum, 'inactive', @labels::jsonb, @fingerprint, @expiresAt)
        on conflict (name) do update
        set worker_role = excluded.worker_role,
            labels = excluded.labels,
            certificate_fingerprint = excluded.certificate_fingerprint,
            certificate_expires_at = excluded.certificate_expires_at
        where worker.lease_expires_at is null or worker.lease_expires_at <= @now
        returning id
        """;

    /// <summary>Null while a live worker holds the name.</summary>
    public static async Task<long?> TakeNameAsync(
        NpgsqlTransaction transaction,
        string workerName,
        string role,
        IReadOnlyDictionary<string, string> labels,
        string fingerprint,
        DateTimeOffset expiresAt,
        DateTimeOffset now,
        CancellationToken ct)
        => await transaction.Connection!.QuerySingleOrDefaultAsync<long?>(new CommandDefinition(
            TakeName,
            new { workerName, role, labels = JsonSerializer.Serialize(labels), fingerprint, expiresAt, now },
            transaction,
            cancellationToken: ct));
}
