using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Attune.Agent.Joining;

/// <summary>The agent's certificate with its key, and the proof of both that travels with every call.</summary>
sealed class AgentIdentity : IDisposable
{
    public const string HeaderName = "attune-agent";

    readonly ECDsa key;
    readonly string headerStart;
    readonly string fingerprint;

    AgentIdentity(ECDsa key, X509Certificate2Collection chain)
    {
        this.key = key;
        Certificate = chain[0].CopyWithPrivateKey(key);
        Intermediates = [.. chain.Skip(1)];
        headerStart = $"v1.{Base64Url.EncodeToString(Certificate.RawData)}.";
        fingerprint = Convert.ToHexStringLower(SHA256.HashData(Certificate.RawData));
    }

    public X509Certificate2 Certificate { get; }

    public X509Certificate2Collection Intermediates { get; }

    public string Name => Certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);

    public DateTimeOffset ExpiresAt => Certificate.NotAfter.ToUniversalTime();

    /// <summary>At two thirds of the certificate's life.</summary>
    public DateTimeOffset RenewAt
    {
        get
        {
            var begin = new DateTimeOffset(Certificate.NotBefore.ToUniversalTime());
            return begin + ((ExpiresAt - begin) * 2 / 3);
        }
    }

    /// <summary>Throws <see cref="CryptographicException"/> when the chain is empty or its leaf is not for this key.</summary>
    public static AgentIdentity Create(ECDsa key, string chainPem)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(chainPem);
        if (chain.Count == 0)
            throw new CryptographicException("There is no certificate.");

        using var certified = chain[0].GetECDsaPublicKey();
        if (certified is null || !certified.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
            throw new CryptographicException("The certificate is for another key.");

        return new(key, chain);
    }

    /// <summary>Value of the `attune-agent` header: valid for one method, for a few minutes.</summary>
    public string HeaderFor(string fullMethod, DateTimeOffset now)
    {
        var seconds = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var signed = Encoding.UTF8.GetBytes($"attune-agent v1\n{fullMethod}\n{seconds}\n{fingerprint}");
        var signature = key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"{headerStart}{seconds}.{Base64Url.EncodeToString(signature)}";
    }

    public string ExportPem()
        => $"{key.ExportPkcs8PrivateKeyPem()}\n{Certificate.ExportCertificatePem()}\n"
            + string.Concat(Intermediates.Select(each => each.ExportCertificatePem() + "\n"));

    /// <summary>PKCS#10, DER, with the name as common name.</summary>
    public static byte[] Request(ECDsa key, string name)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        return new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256).CreateSigningRequest();
    }

    public void Dispose()
    {
        Certificate.Dispose();
        key.Dispose();
    }
}
