namespace Grpc.Core;

/// <summary>A certificate and its key.</summary>
public sealed class KeyCertificatePair
{
    /// <param name="certificateChain">PEM, the leaf first.</param>
    /// <param name="privateKey">PEM.</param>
    public KeyCertificatePair(string certificateChain, string privateKey)
    {
        ArgumentNullException.ThrowIfNull(certificateChain);
        ArgumentNullException.ThrowIfNull(privateKey);
        CertificateChain = certificateChain;
        PrivateKey = privateKey;
    }

    public string CertificateChain { get; }

    public string PrivateKey { get; }
}
