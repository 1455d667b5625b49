using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Attune.Agent.Tests.Session;

/// <summary>A certificate authority such as the control plane's own.</summary>
sealed class TestCa : IDisposable
{
    readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestCa()
    {
        var request = new CertificateRequest("CN=Attune test CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-2), TimeProvider.System.GetUtcNow().AddDays(30));
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>Certifies a PKCS#10 request as it is, in PEM.</summary>
    public string Issue(byte[] certificateRequest, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        var request = CertificateRequest.LoadSigningRequest(certificateRequest, HashAlgorithmName.SHA256);
        using var issued = request.Create(Certificate, notBefore, notAfter, RandomNumberGenerator.GetBytes(16));
        return issued.ExportCertificatePem();
    }

    /// <summary>For the server's own TLS, with its key.</summary>
    public X509Certificate2 IssueServer()
    {
        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", serverKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var issued = request.Create(Certificate, now.AddHours(-1), now.AddHours(1), RandomNumberGenerator.GetBytes(16));
        return issued.CopyWithPrivateKey(serverKey);
    }

    public void Dispose()
    {
        Certificate.Dispose();
        key.Dispose();
    }
}
