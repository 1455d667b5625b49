using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Attune.Server.Workers.Joining;

/// <summary>
/// The server's own CA: issues agents' client certificates and, for `Tls:Automatic`, server certificates. All replicas share it
/// through <see cref="AuthorityStore"/>. Leaves are signed by it directly, so a chain is always two certificates long.
/// </summary>
sealed class CertificateAuthority(AuthorityStore store, TimeProvider clock)
{
    public static readonly TimeSpan AgentLifetime = TimeSpan.FromDays(7);
    public static readonly TimeSpan ServerLifetime = TimeSpan.FromDays(90);

    const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    // A host whose clock is a little behind must be able to use its certificate at once.
    static readonly TimeSpan Backdating = TimeSpan.FromMinutes(5);

    IReadOnlyList<Authority>? authorities;

    /// <summary>PEM of every CA whose certificates are accepted, the issuing one first.</summary>
    public string TrustPem => string.Join('\n', Loaded.Select(each => each.Certificate.ExportCertificatePem()));

    IReadOnlyList<Authority> Loaded
        => authorities ?? throw new InvalidOperationException("The certificate authority is not loaded yet.");

    /// <summary>Makes the CA on the first start of the first replica.</summary>
    public async Task LoadAsync(CancellationToken ct) => authorities = await store.LoadOrCreateAsync(ct);

    /// <summary><paramref name="renews"/> is the fingerprint of the certificate that this one follows; null for a newly enrolled agent.</summary>
    public X509Certificate2 IssueForAgent(string workerName, PublicKey publicKey, string? renews)
    {
        var request = LeafRequest($"{workerName}", publicKey, ClientAuthentication);
        if (renews is not null)
            request.CertificateExtensions.Add(RenewsExtension.Write(renews));
        return Issue(request, AgentLifetime);
    }

    /// <summary>With its private key, for the given DNS names and IP addresses.</summary>
    public X509Certificate2 IssueForServer(IReadOnlyList<string> names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = LeafRequest(names[0], new PublicKey(key), ServerAuthentication);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        using var certificate = Issue(request, ServerLifetime);
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>Whether this CA issued it to an agent. Says nothing about its time, which every call checks for itself.</summary>
    public bool IssuedToAgent(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        foreach (var authority in Loaded)
            chain.ChainPolicy.CustomTrustStore.Add(authority.Certificate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        chain.ChainPolicy.ApplicationPolicy.Add(new(ClientAuthentication));
        return chain.Build(certificate) && chain.ChainElements.Count == 2;
    }

    X509Certificate2 Issue(CertificateRequest request, TimeSpan lifetime)
    {
        var now = clock.GetUtcNow();
        var issuer = Loaded[0];
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer.Certificate, includeKeyIdentifier: true, false));
        return request.Create(
            issuer.Certificate.SubjectName,
            X509SignatureGenerator.CreateForECDsa(issuer.Key),
            now - Backdating,
            now + lifetime,
            SerialNumber());
    }

    static CertificateRequest LeafRequest(string commonName, PublicKey publicKey, string usage)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(commonName);
        return new(subject.Build(), publicKey, HashAlgorithmName.SHA256)
        {
            CertificateExtensions =
            {
                new X509BasicConstraintsExtension(false, false, 0, true),
                new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true),
                new X509EnhancedKeyUsageExtension([new(usage)], false),
                new X509SubjectKeyIdentifierExtension(publicKey, false),
            },
        };
    }

    // RFC 5280, 4.1.2.2: positive, at most 20 octets; 16 random ones never meet again.
    static byte[] SerialNumber()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)(serial[0] & 0x7f | 0x01);
        return serial;
    }
}

/// <summary>A CA certificate with its private key.</summary>
sealed record Authority(X509Certificate2 Certificate, ECDsa Key)
{
    static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    public static Authority New(DateTimeOffset now)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName($"Attune CA {RandomNumberGenerator.GetHexString(8, lowercase: true)}");
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256)
        {
            CertificateExtensions =
            {
                new X509BasicConstraintsExtension(true, true, 0, true),
                new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true),
                new X509SubjectKeyIdentifierExtension(new PublicKey(key), false),
            },
        };
        return new(request.CreateSelfSigned(now - TimeSpan.FromHours(1), now + Lifetime), key);
    }
}
