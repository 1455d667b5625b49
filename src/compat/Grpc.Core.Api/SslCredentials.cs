namespace Grpc.Core;

/// <summary>
/// TLS. Grpc.Net.Client accepts only the form without arguments; there, certificates belong to the channel's HTTP handler.
/// </summary>
/// <param name="rootCertificates">Trusted roots as PEM; null trusts what the platform trusts.</param>
/// <param name="keyCertificatePair">The client's certificate, or null.</param>
/// <param name="verifyPeerCallback">A last say on the server's certificate, after the usual verification, or null.</param>
public sealed class SslCredentials(
    string? rootCertificates,
    KeyCertificatePair? keyCertificatePair,
    VerifyPeerCallback? verifyPeerCallback) : ChannelCredentials
{
    public SslCredentials()
        : this(null, null, null)
    {
    }

    public SslCredentials(string rootCertificates)
        : this(rootCertificates, null, null)
    {
    }

    public SslCredentials(string rootCertificates, KeyCertificatePair keyCertificatePair)
        : this(rootCertificates, keyCertificatePair, null)
    {
    }

    public string? RootCertificates => rootCertificates;

    public KeyCertificatePair? KeyCertificatePair => keyCertificatePair;

    internal override bool IsComposable => true;

    public override void InternalPopulateConfiguration(ChannelCredentialsConfiguratorBase configurator, object? state)
        => configurator.SetSslCredentials(state, rootCertificates, keyCertificatePair, verifyPeerCallback);
}
