using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Attune.Server.Workers.Joining;

/// <summary>An agent's certificate whose chain holds; its time is not judged yet.</summary>
sealed record AgentCertificate(
    string WorkerName,
    string Fingerprint,
    string? Renews,
    DateTimeOffset NotBefore,
    DateTimeOffset ExpiresAt,
    byte[] PublicKey);

/// <summary>Verifies chains, once per certificate.</summary>
sealed class AgentCertificates(CertificateAuthority authority)
{
    const int CapacityMax = 20_000;

    readonly ConcurrentDictionary<string, AgentCertificate> verified = new();

    /// <summary>Null unless our CA issued it to an agent.</summary>
    public AgentCertificate? Verify(byte[] der)
    {
        var fingerprint = FingerprintOf(der);
        if (verified.TryGetValue(fingerprint, out var known))
            return known;
        if (Read(der, fingerprint) is not { } certificate)
            return null;

        if (verified.Count >= CapacityMax)
            verified.Clear();
        return verified[fingerprint] = certificate;
    }

    public static string FingerprintOf(ReadOnlySpan<byte> der) => Convert.ToHexStringLower(SHA256.HashData(der));

    AgentCertificate? Read(byte[] der, string fingerprint)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);

            // Whatever follows the certificate in the bytes would give one certificate many fingerprints.
            if (!certificate.RawDataMemory.Span.SequenceEqual(der) || !authority.IssuedToAgent(certificate))
                return null;

            return new(
                certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false),
                fingerprint,
                RenewsExtension.Read(certificate),
                certificate.NotBefore.ToUniversalTime(),
                certificate.NotAfter.ToUniversalTime(),
                certificate.PublicKey.ExportSubjectPublicKeyInfo());
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
