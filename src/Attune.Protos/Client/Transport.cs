using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;

namespace Attune.Protos.Client;

/// <summary>HTTP/2 to the server: with TLS, or with prior knowledge on loopback.</summary>
static class Transport
{
    const int ReceivedBytesMax = 64 << 20;

    public static GrpcChannel Open(AttuneClientOptions options)
    {
        var address = Checked(options);
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),
            EnableMultipleHttp2Connections = true,
            // A log that is followed may be silent for hours; a dead connection under it must still be noticed.
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            UseProxy = !address.IsLoopback,
        };
        if (options.CaFile is { Length: > 0 } file)
            handler.SslOptions = Trusting(file);

        return GrpcChannel.ForAddress(address, new()
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = ReceivedBytesMax,
            // Checked above: without TLS only on loopback, or because the caller insists.
            UnsafeUseInsecureChannelCallCredentials = true,
        });
    }

    static Uri Checked(AttuneClientOptions options) => options.Address switch
    {
        { IsAbsoluteUri: true, Scheme: "https" } address => address,
        { IsAbsoluteUri: true, Scheme: "http" } address when address.IsLoopback || options.AllowCleartext => address,
        { IsAbsoluteUri: true, Scheme: "http" } address => throw new ArgumentException(
            $"{address.Authority} is not on this machine, and http:// would send the login readable for everyone on the way. Use https://."),
        var other => throw new ArgumentException($"'{other.OriginalString}' is not an address such as https://attune.example.com:7700."),
    };

    static SslClientAuthenticationOptions Trusting(string caFile)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(caFile);
        if (authorities.Count is 0)
            throw new ArgumentException($"{caFile} holds no PEM certificate.");

        var chain = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        chain.CustomTrustStore.AddRange(authorities);
        return new() { CertificateChainPolicy = chain };
    }
}
