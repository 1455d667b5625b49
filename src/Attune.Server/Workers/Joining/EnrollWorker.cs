using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Attune.Server.Hosting;
using Attune.Server.Identities;
using Npgsql;

namespace Attune.Server.Workers.Joining;

/// <summary>Without a <paramref name="Role"/> the agent gets the token's.</summary>
sealed record EnrollCommand(string JoinToken, string Name, JoinRole? Role, byte[] CertificateRequest);

sealed record Enrollment(
    string CertificatePem, string AuthorityPem, DateTimeOffset ExpiresAt, IReadOnlyDictionary<string, string> Labels);

/// <summary>
/// Trades a join token for a certificate and the worker's name, in one transaction. A name is free when no worker has it or when
/// its worker's lease is over: then whoever brings a valid token takes it, and the former holder's certificate ends.
/// </summary>
sealed class EnrollWorker(NpgsqlDataSource db, CertificateAuthority authority, TimeProvider clock)
{
    public async Task<Result<Enrollment>> RunAsync(EnrollCommand command, CancellationToken ct)
    {
        if (!JoinRules.IsWorkerName(command.Name))
            return Failure.Invalid("CSR_INVALID", "name", "An agent's name is [a-z0-9][a-z0-9._-]{0,62}.");
        if (!AgentRequest.Read(command.CertificateRequest, command.Name).IsOk(out var publicKey, out var failure))
            return failure;

        await using var connection = await db.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var enrolled = await EnrollAsync(transaction, command, publicKey, ct);

        // Anything but success leaves the token unused.
        if (enrolled.IsOk(out _, out _))
            await transaction.CommitAsync(ct);
        return enrolled;
    }

    async Task<Result<Enrollment>> EnrollAsync(
        NpgsqlTransaction transaction, EnrollCommand command, PublicKey publicKey, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var token = await JoiningStore.UseTokenAsync(transaction, NewToken.HashOf(command.JoinToken), command.Name, now, ct);
        if (token is null)
            return new Failure(
                FailureKind.Unauthenticated, "JOIN_TOKEN_INVALID", "The join token is unknown, used, revoked or expired. Ask for a new one.");

        var tokenRole = JoinRules.FromColumn(token.Role);
        var role = command.Role ?? tokenRole;
        if (!tokenRole.Allows(role))
            return new Failure(
                FailureKind.Denied, "ROLE_NOT_ALLOWED", $"This join token is for the role {token.Role}, not {role.ToColumn()}.");

        var labels = JsonSerializer.Deserialize<Dictionary<string, string>>(token.Labels)!;
        using var certificate = authority.IssueForAgent(command.Name, publicKey, renews: null);
        var worker = await JoiningStore.TakeNameAsync(
            transaction,
            command.Name,
            role.ToColumn(),
            labels,
            AgentCertificates.FingerprintOf(certificate.RawData),
            certificate.NotAfter.ToUniversalTime(),
            now,
            ct);
        if (worker is null)
            return new Failure(
                FailureKind.AlreadyExists, "NAME_IN_USE", $"A live agent is named '{command.Name}'. Choose another name, or stop that one.");

        return new Enrollment(
            certificate.ExportCertificatePem(), authority.TrustPem, certificate.NotAfter.ToUniversalTime(), labels);
    }
}

/// <summary>Gives an agent a certificate for a new key. The present one ends when the new one is first used.</summary>
sealed class RenewCertificate(JoiningStore store, CertificateAuthority authority)
{
    /// <summary>For the worker that the caller's certificate names; the request (PKCS#10, DER) must bear the same name.</summary>
    public async Task<Result<RenewedCertificate>> RunAsync(string workerName, byte[] certificateRequest, CancellationToken ct)
    {
        if (!AgentRequest.Read(certificateRequest, workerName).IsOk(out var publicKey, out var failure))
            return failure;
        if (await store.FindFingerprintAsync(workerName, ct) is not { } present)
            return Failure.NotFound("WORKER_NOT_FOUND", $"No enrolled worker '{workerName}'.");

        using var certificate = authority.IssueForAgent(workerName, publicKey, renews: present);
        return new RenewedCertificate(certificate.ExportCertificatePem(), certificate.NotAfter.ToUniversalTime());
    }
}

sealed record RenewedCertificate(string CertificatePem, DateTimeOffset ExpiresAt);

/// <summary>What an agent asks to be certified: a P-256 key that it proves to hold, under its own name. Nothing else is taken over.</summary>
static class AgentRequest
{
    const string P256 = "1.2.840.10045.3.1.7";
    const string EllipticCurveKey = "1.2.840.10045.2.1";
    const string CommonName = "2.5.4.3";
    const int SizeMax = 8192;

    public static Result<PublicKey> Read(byte[] der, string name)
    {
        try
        {
            if (der.Length > SizeMax)
                return Invalid($"At most {SizeMax} bytes.");

            // Loading checks the request's own signature, that is: the possession of the key.
            var request = CertificateRequest.LoadSigningRequest(der, System.Security.Cryptography.HashAlgorithmName.SHA256);
            if (!IsP256(request.PublicKey))
                return Invalid("The key must be ECDSA P-256.");
            if (request.SubjectName.EnumerateRelativeDistinguishedNames().ToList() is not [{ HasMultipleElements: false } only]
                || only.GetSingleElementType().Value is not CommonName
                || only.GetSingleElementValue() != name)
                return Invalid($"The subject must be CN={name} and nothing else.");
            return request.PublicKey;
        }
        catch (Exception exception) when (exception is System.Security.Cryptography.CryptographicException or AsnContentException)
        {
            return Invalid("Not a valid PKCS#10 request in DER.");
        }
    }

    static bool IsP256(PublicKey key)
        => key.Oid.Value is EllipticCurveKey
            && key.EncodedParameters?.RawData is { } parameters
            && AsnDecoder.ReadObjectIdentifier(parameters, AsnEncodingRules.DER, out _) is P256;

    static Failure Invalid(string description) => Failure.Invalid("CSR_INVALID", "certificate_request", description);
}
